import type { KernelContext } from '../kernel-context.ts';
import { loadMemberships } from './group-store.ts';
import type { HostIndex } from './host-index.ts';
import { offlineEntry } from './offline-entry.ts';
import {
  groupLabels,
  loadHosts,
  loadLabels,
  loadPresence,
  type PresenceRow,
  upsertPresence,
} from './store.ts';

/**
 * Reads the registry into memory. Nobody is connected to a server that has just started, so a host that the store still
 * calls online is offline since the moment it was last known to be there, and the store is told.
 */
export async function loadIndex(context: KernelContext, index: HostIndex): Promise<void> {
  const { store } = context;
  const labels = groupLabels(await loadLabels(store, null));
  const groups = new Map<string, string[]>();
  for (const { path, host_id } of await loadMemberships(store))
    groups.set(host_id, [...(groups.get(host_id) ?? []), path]);

  const presences = new Map((await loadPresence(store, null)).map((row) => [row.hostId, row]));
  const wereOnline: PresenceRow[] = [];
  for (const [id, row] of presences) {
    if (!row.isOnline) continue;
    const offline = { ...row, isOnline: false, since: row.lastSeen ?? row.since };
    presences.set(id, offline);
    wereOnline.push(offline);
  }
  if (wereOnline.length > 0)
    await store.transaction((transaction) => upsertPresence(transaction, wereOnline));

  for (const row of await loadHosts(store)) {
    const entry = offlineEntry(row, {
      labels: labels.get(row.id) ?? {},
      groups: groups.get(row.id) ?? [],
      presence: presences.get(row.id) ?? null,
    });
    const { firstSeen, maintenance, quarantine, version } = row;
    index.put(entry, { firstSeen, maintenance, quarantine, version });
  }
}
