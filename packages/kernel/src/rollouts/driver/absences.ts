import { type Clock, MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import type { ReturnFlow } from './return-flow.ts';

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
  readonly flow: ReturnFlow;
  /** These have been away for too long. */
  readonly over: (hostIds: readonly HostId[]) => void;
}

/** Every host has this long to come back, whatever became of the others. */
export const GRACE_MS = 30 * SECOND_MS;
/** As long as others stream back it has more, but not for ever: somebody may wait for its task. */
export const GRACE_MAX_MS = 5 * MINUTE_MS;
export const LOOK_AGAIN_MS = 5 * SECOND_MS;

/**
 * A connection ends for many reasons that say nothing about its host: a front that dies, a switch that restarts, an agent
 * that is updated. Nobody is judged to be offline for it before there was time to come back. One timer stands for all,
 * since all have the same time; there are never more entries than hosts.
 */
export function createAbsences({ clock, flow, over }: AbsencesOptions): Absences {
  /** When, by the clock that nobody sets; in order of leaving. */
  const leftAt = new Map<HostId, number>();
  let cancel: (() => void) | null = null;
  const look = (): void => {
    cancel = null;
    const graceMs = flow.isOn(leftAt.size) ? GRACE_MAX_MS : GRACE_MS;
    const gone: HostId[] = [];
    for (const [hostId, at] of leftAt) {
      const restMs = at + graceMs - clock.monotonic();
      if (restMs > 0) {
        cancel = clock.after(graceMs === GRACE_MS ? restMs : LOOK_AGAIN_MS, look);
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
      cancel ??= clock.after(GRACE_MS, look);
    },
    back: (hostId) => void leftAt.delete(hostId),
    isRecent: (hostId) => leftAt.has(hostId),
    close() {
      cancel?.();
      leftAt.clear();
    },
  };
}
