import type { HostId, Vitals } from '@pilothouse/contract';
import type { EventsService } from '../events/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { HostIndex } from './host-index.ts';
import { createPresenceWriter } from './presence-writer.ts';
import type { HostEntry, SessionFacts } from './service.ts';
import { type PresenceRow, upsertPresence } from './store.ts';

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
  const writer = createPresenceWriter(context.store, (transaction, batch) =>
    events.publish(
      transaction,
      batch.map((event) => ({ ...event, data: {} })),
    ),
  );
  /** Hosts heard since the last flush. */
  let heard = new Set<HostId>();

  /** What is being written and not durable yet: a session may close before its opening is on disk. */
  const wished = new Map<HostId, HostEntry>();
  const latest = (id: HostId) => wished.get(id) ?? index.entries.get(id);

  const write = async (entry: HostEntry, type: string | null) => {
    wished.set(entry.id, entry);
    const { isOnline, presenceSince, lastSeen, address, arch, agentVersion, bootId } = entry;
    try {
      await writer.write({
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
        await write(
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
        await write({ ...before, isOnline: false, presenceSince: context.clock.now() }, 'host.offline');
      },
    },
    async flush() {
      const rows = [...heard]
        .map((id) => index.entries.get(id))
        .filter((entry) => entry !== undefined)
        .map(rowOf);
      heard = new Set();
      if (rows.length === 0) return;
      await context.store.transaction((transaction) => upsertPresence(transaction, rows));
    },
  };
}
