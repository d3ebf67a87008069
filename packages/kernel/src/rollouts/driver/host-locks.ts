import type { HostId } from '@pilothouse/contract';

/**
 * One change at a time on a host: which rollout holds it, and which wait for it in order of coming.
 *
 * The ledger is a view of the open tasks, which are durable, and is rebuilt from them at the start; a table of its own
 * could only disagree with them. When a host is freed, all that wait are told in order and the first to ask gets it: a
 * rollout that cannot use its turn (paused, at its limits) does not hold the others up.
 */
export interface HostLocks {
  /** False: another rollout holds the host; `rolloutId` now waits for it. */
  take(hostId: HostId, rolloutId: string): boolean;
  /** Frees the host if this rollout holds it. Returns who waited, first come first. */
  release(hostId: HostId, rolloutId: string): readonly string[];
  holderOf(hostId: HostId): string | null;
  clear(): void;
}

export function createHostLocks(): HostLocks {
  const holders = new Map<HostId, string>();
  const waiting = new Map<HostId, Set<string>>();
  return {
    take(hostId, rolloutId) {
      const holder = holders.get(hostId);
      if (holder === undefined || holder === rolloutId) {
        holders.set(hostId, rolloutId);
        return true;
      }
      const line = waiting.get(hostId) ?? new Set();
      waiting.set(hostId, line.add(rolloutId));
      return false;
    },
    release(hostId, rolloutId) {
      if (holders.get(hostId) !== rolloutId) return [];
      holders.delete(hostId);
      const line = [...(waiting.get(hostId) ?? [])];
      waiting.delete(hostId);
      return line;
    },
    holderOf: (hostId) => holders.get(hostId) ?? null,
    clear() {
      holders.clear();
      waiting.clear();
    },
  };
}
