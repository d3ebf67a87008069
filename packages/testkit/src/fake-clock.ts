import type { Clock } from '@pilothouse/base';

interface Timer {
  at: number;
  readonly run: () => void;
  readonly intervalMs: number | null;
}

/** Time that moves only when the test says so. */
export interface FakeClock extends Clock {
  /** Moves time forward, running every timer that falls due, in order. */
  advance(byMs: number): void;
}

export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  const timers = new Set<Timer>();
  const schedule = (delayMs: number, run: () => void, intervalMs: number | null): (() => void) => {
    const timer = { at: now + delayMs, run, intervalMs };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  const nextDue = (until: number): Timer | undefined =>
    [...timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    now: () => now,
    monotonic: () => now - startMs,
    after: (delayMs, run) => schedule(delayMs, run, null),
    every: (intervalMs, run) => schedule(intervalMs, run, intervalMs),
    advance(byMs) {
      const until = now + byMs;
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        now = timer.at;
        if (timer.intervalMs === null) timers.delete(timer);
        else timer.at += timer.intervalMs;
        timer.run();
      }
      now = until;
    },
  };
}
