import type { Clock } from '@pilothouse/base';

/** Time that moves only when told to; the wall clock may jump while timers go on, as on a machine whose clock is set. */
export interface VirtualClock extends Clock {
  /** Runs every timer that falls due within the next `byMs`, and stops at the first; true: there may be more. */
  advance(byMs: number): void;
  jump(byMs: number): void;
  /** Until the next timer; null: there is none. */
  readonly nextInMs: number | null;
  /** A server that died takes its timers with it. */
  forgetTimers(): void;
}

interface Timer {
  at: number;
  readonly run: () => void;
}

export function createVirtualClock(startMs: number): VirtualClock {
  let monotonicMs = 0;
  let offsetMs = startMs;
  const timers = new Set<Timer>();
  const nextTimer = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  };
  return {
    now: () => offsetMs + monotonicMs,
    monotonic: () => monotonicMs,
    after(delayMs, run) {
      const timer = { at: monotonicMs + Math.max(0, delayMs), run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    every() {
      throw new Error('nothing in the simulated rooms repeats by itself');
    },
    advance(byMs) {
      const until = monotonicMs + byMs;
      for (let timer = nextTimer(); timer !== undefined && timer.at <= until; timer = nextTimer()) {
        monotonicMs = timer.at;
        timers.delete(timer);
        timer.run();
      }
      monotonicMs = until;
    },
    jump(byMs) {
      offsetMs += byMs;
    },
    get nextInMs() {
      const timer = nextTimer();
      return timer === undefined ? null : timer.at - monotonicMs;
    },
    forgetTimers: () => timers.clear(),
  };
}
