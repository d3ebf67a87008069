import type { Clock } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';

/** Hosts whose connection ended a moment ago. */
export interface Absences {
  left(hostId: HostId): void;
  back(hostId: HostId): void;
  /** It may still come back, so nothing is decided by its absence. */
  isRecent(hostId: HostId): boolean;
  close(): void;
}

export interface AbsencesOptions {
  readonly clock: Clock;
  /** For how long an absence is recent. */
  readonly graceMs: number;
  /** These have been away for longer than that. */
  readonly over: (hostIds: readonly HostId[]) => void;
}

/**
 * A connection ends for many reasons that say nothing about its host: a front that dies, a switch that restarts, an agent
 * that is updated. Nobody is judged to be offline for it before there was time to come back. One timer stands for all,
 * since all have the same time; there are never more entries than hosts.
 */
export function createAbsences({ clock, graceMs, over }: AbsencesOptions): Absences {
  /** When, by the clock that nobody sets; in order of leaving. */
  const leftAt = new Map<HostId, number>();
  let cancel: (() => void) | null = null;
  const look = (): void => {
    cancel = null;
    const gone: HostId[] = [];
    for (const [hostId, at] of leftAt) {
      const restMs = at + graceMs - clock.monotonic();
      if (restMs > 0) {
        cancel = clock.after(restMs, look);
        break;
      }
      leftAt.delete(hostId);
      gone.push(hostId);
    }
    if (gone.length > 0) over(gone);
  };
  return {
    left(hostId) {
      // Put at the end, also when it left before.
      leftAt.delete(hostId);
      leftAt.set(hostId, clock.monotonic());
      cancel ??= clock.after(graceMs, look);
    },
    back: (hostId) => void leftAt.delete(hostId),
    isRecent: (hostId) => leftAt.has(hostId),
    close() {
      cancel?.();
      leftAt.clear();
    },
  };
}
