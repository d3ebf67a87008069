import type { Clock } from '@pilothouse/base';

/** Beyond this difference between the host's clock and the server's, tasks are refused. */
export const CLOCK_SKEW_MS_MAX = 5 * 60_000;

/**
 * The server's time as this host knows it: the latest signed statement plus what has passed since on a clock that never
 * goes backwards. So neither a wrong clock nor a replayed, older statement can open a window again.
 */
export interface ServerTime {
  /** Takes a statement whose signature was checked; an older one than known is ignored. */
  learn(serverTimeMs: number): void;
  /** Null until the first statement. */
  now(): number | null;
  /** How far the host's own clock is ahead of the server's; 0 until this process heard the first statement. */
  skewMs(): number;
}

export function createServerTime(clock: Clock, floorMs: number | null = null): ServerTime {
  let anchor: { serverMs: number; monotonicMs: number } | null =
    floorMs === null ? null : { serverMs: floorMs, monotonicMs: clock.monotonic() };
  let isCurrent = false;
  const now = (): number | null =>
    anchor === null ? null : Math.round(anchor.serverMs + (clock.monotonic() - anchor.monotonicMs));
  return {
    learn(serverTimeMs) {
      isCurrent = true;
      const known = now();
      if (known !== null && serverTimeMs < known) return;
      anchor = { serverMs: serverTimeMs, monotonicMs: clock.monotonic() };
    },
    now,
    skewMs() {
      const known = now();
      return known === null || !isCurrent ? 0 : clock.now() - known;
    },
  };
}
