import type { HostId } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import type { SpanBook } from './span-book.ts';
import { loadOpenSpans } from './store.ts';

/**
 * Hosts of which the store did not take a report. Memory must not claim it; nor may it forget what holds in the store, or the
 * next report would open a second span beside one that nobody has ended. So what the store has is read again before anything
 * more is booked, however long it is away.
 */
export interface DoubtedSpans {
  /** From now on memory claims nothing of this host; it is read at once if that is possible. */
  readonly doubt: (hostId: HostId) => Promise<void>;
  /** Resolves when memory has what the store has; rejects while it cannot be read. */
  readonly settled: (hostId: HostId) => Promise<void>;
  readonly forget: (hostId: HostId) => void;
}

export function createDoubtedSpans(store: Store, book: SpanBook): DoubtedSpans {
  /** Null while nobody reads. */
  const doubted = new Map<HostId, Promise<void> | null>();
  const read = async (hostId: HostId): Promise<void> => {
    try {
      const rows = await loadOpenSpans(store, hostId);
      // It may have been decommissioned meanwhile.
      if (doubted.delete(hostId)) book.load(rows);
    } catch (error) {
      if (doubted.has(hostId)) doubted.set(hostId, null);
      throw error;
    }
  };
  const settled = async (hostId: HostId): Promise<void> => {
    const state = doubted.get(hostId);
    if (state === undefined) return;
    const reading = state ?? read(hostId);
    doubted.set(hostId, reading);
    await reading;
  };
  return {
    settled,
    async doubt(hostId) {
      book.forget(hostId);
      doubted.set(hostId, null);
      await settled(hostId).catch(() => undefined /* it is read before the next report */);
    },
    forget: (hostId) => void doubted.delete(hostId),
  };
}
