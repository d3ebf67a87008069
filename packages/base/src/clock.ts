/** Time as an argument. `now()` is wall-clock milliseconds since the epoch (UTC); timers return their own cancel. */
export interface Clock {
  now(): number;
  /** Milliseconds that never go backwards; the origin is arbitrary. */
  monotonic(): number;
  after(delayMs: number, run: () => void): () => void;
  every(intervalMs: number, run: () => void): () => void;
}

type TimerHandle = { unref?: () => void };
declare const setTimeout: (run: () => void, delayMs: number) => TimerHandle;
declare const clearTimeout: (handle: TimerHandle) => void;
declare const setInterval: (run: () => void, intervalMs: number) => TimerHandle;
declare const clearInterval: (handle: TimerHandle) => void;
declare const performance: { now(): number };

/** The real clock. Its timers never keep a process alive: what must stay alive holds a socket or a child. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    handle.unref?.();
    return () => clearTimeout(handle);
  },
  every(intervalMs, run) {
    const handle = setInterval(run, intervalMs);
    handle.unref?.();
    return () => clearInterval(handle);
  },
};
