import type { Store, Transaction } from '@pilothouse/store';
import { type PresenceRow, upsertPresence } from './store.ts';

export interface PresenceChange {
  readonly row: PresenceRow;
  /** Runs inside the batch's transaction, for the event. */
  readonly event: { readonly type: string; readonly hostId: string } | null;
  readonly afterCommit: () => void;
}

/** Waiting changes: one reconnect storm of the largest fleet we plan for, twice over. */
const WAITING_MAX = 200_000;

/**
 * Writes presence durably without a transaction a host. When ten thousand agents come back at once, each waiting
 * for a transaction of its own, the last waits for ten thousand disk flushes. So whatever arrives while one batch is being
 * written becomes the next batch; with a quiet fleet a batch is one row and nobody waits longer than before.
 */
export interface PresenceWriter {
  /** Resolves when the change is durable. */
  write(change: PresenceChange): Promise<void>;
}

export function createPresenceWriter(
  store: Store,
  publish: (transaction: Transaction, events: readonly { type: string; hostId: string }[]) => Promise<void>,
): PresenceWriter {
  let waiting: { change: PresenceChange; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let isWriting = false;

  const writeBatch = async (changes: readonly PresenceChange[]) => {
    // The last word on a host is the one that counts; an upsert must not name a row twice.
    const rows = new Map(changes.map((change) => [change.row.hostId, change.row]));
    await store.transaction(async (transaction) => {
      await upsertPresence(transaction, [...rows.values()]);
      const events = changes.map((change) => change.event).filter((event) => event !== null);
      if (events.length > 0) await publish(transaction, events);
      transaction.afterCommit(() => {
        for (const change of changes) change.afterCommit();
      });
    });
  };
  const drain = async () => {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await writeBatch(batch.map((item) => item.change));
        for (const item of batch) item.resolve();
      } catch (error) {
        for (const item of batch) item.reject(error);
      }
    }
    isWriting = false;
  };

  return {
    write(change) {
      if (waiting.length >= WAITING_MAX) return Promise.reject(new Error('presence changes pile up'));
      return new Promise((resolve, reject) => {
        waiting.push({ change, resolve, reject });
        // Errors reach each waiting caller through its own promise.
        if (!isWriting) void drain();
      });
    },
  };
}
