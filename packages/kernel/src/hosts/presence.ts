import { batchWhileBusy } from '@pilothouse/base';
import type { HostId, Vitals } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import type { EventsService } from '../events/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { HostIndex } from './host-index.ts';
import type { HostEntry, SessionFacts } from './service.ts';
import { type PresenceRow, upsertPresence } from './store.ts';

/** After its commit all of them are told of and welcomed in one go: some 25 ms. */
const CHANGES_PER_BATCH_MAX = 64;
/** A reconnect storm of the largest fleet we plan for, twice over. */
const CHANGES_WAITING_MAX = 200_000;

interface PresenceChange {
  readonly row: PresenceRow;
  readonly event: { readonly type: string; readonly hostId: string } | null;
  readonly afterCommit: () => void;
}

async function writeBatch(
  store: Store,
  events: EventsService,
  changes: readonly PresenceChange[],
): Promise<void> {
  // The last word on a host is the one that counts; an upsert must not name a row twice.
  const rows = new Map(changes.map((change) => [change.row.hostId, change.row]));
  const published = changes.map((change) => change.event).filter((event) => event !== null);
  await store.transaction(async (transaction) => {
    await upsertPresence(transaction, [...rows.values()]);
    if (published.length > 0)
      await events.publish(
        transaction,
        published.map((event) => ({ ...event, data: {} })),
      );
    transaction.afterCommit(() => {
      for (const change of changes) change.afterCommit();
    });
  });
}

const rowOf = (entry: HostEntry): PresenceRow => ({
  hostId: entry.id,
  isOnline: entry.isOnline,
  since: entry.presenceSince,
  lastSeen: entry.lastSeen,
  address: entry.address,
  arch: entry.arch,
  agentVersion: entry.agentVersion,
  bootId: entry.bootId,
});

/** Whether hosts are there. A change is durable before it shows; the rhythm of heartbeats stays in memory. */
export function createPresence(context: KernelContext, index: HostIndex, events: EventsService) {
  const write = batchWhileBusy<PresenceChange>({
    run: (changes) => writeBatch(context.store, events, changes),
    itemsPerBatchMax: CHANGES_PER_BATCH_MAX,
    itemsWaitingMax: CHANGES_WAITING_MAX,
  });
  /** Hosts heard since the last flush. */
  let heard = new Set<HostId>();

  /** What is being written and not durable yet: a session may close before its opening is on disk. */
  const wished = new Map<HostId, HostEntry>();
  const latest = (id: HostId) => wished.get(id) ?? index.entries.get(id);

  const change = async (entry: HostEntry, type: string | null) => {
    wished.set(entry.id, entry);
    const { isOnline, presenceSince, lastSeen, address, arch, agentVersion, bootId } = entry;
    try {
      await write({
        row: rowOf(entry),
        event: type === null ? null : { type, hostId: entry.id },
        afterCommit: () =>
          index.patch(entry.id, { isOnline, presenceSince, lastSeen, address, arch, agentVersion, bootId }),
      });
    } finally {
      if (wished.get(entry.id) === entry) wished.delete(entry.id);
    }
  };

  return {
    service: {
      async sessionOpened(id: HostId, session: SessionFacts) {
        const before = latest(id);
        if (before === undefined) return;
        const now = context.clock.now();
        const { name: _name, ...seen } = session;
        const presenceSince = before.isOnline ? before.presenceSince : now;
        // A session that replaces another is the same presence: no event, and no new "since".
        await change(
          { ...before, ...seen, isOnline: true, presenceSince, lastSeen: now },
          before.isOnline ? null : 'host.online',
        );
      },
      heartbeat(id: HostId, vitals: Vitals) {
        heard.add(id);
        index.patchQuietly(id, { vitals, lastSeen: context.clock.now() });
      },
      async sessionClosed(id: HostId) {
        const before = latest(id);
        if (before === undefined || !before.isOnline) return;
        await change({ ...before, isOnline: false, presenceSince: context.clock.now() }, 'host.offline');
      },
    },
    async flush() {
      const ids = heard;
      heard = new Set();
      if (ids.size === 0) return;
      await context.store.transaction(async (transaction) => {
        // Read inside: a change of presence that committed meanwhile must not be written over.
        const entries = [...ids].map((id) => index.entries.get(id)).filter((entry) => entry !== undefined);
        await upsertPresence(transaction, entries.map(rowOf));
      });
    },
  };
}
