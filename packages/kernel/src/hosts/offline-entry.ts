import type { Labels } from '@pilothouse/contract';
import type { HostEntry } from './service.ts';
import type { HostRow, PresenceRow } from './store.ts';

/** A host as the store knows it, without a session: offline, its facts not yet noted. */
export function offlineEntry(
  row: HostRow,
  { labels, groups, presence }: { labels: Labels; groups: readonly string[]; presence: PresenceRow | null },
): HostEntry {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    labels,
    groups,
    isOnline: false,
    presenceSince: presence?.since ?? row.firstSeen,
    isInMaintenance: row.maintenance !== null,
    lastSeen: presence?.lastSeen ?? null,
    address: presence?.address ?? null,
    arch: presence?.arch ?? null,
    agentVersion: presence?.agentVersion ?? null,
    bootId: presence?.bootId ?? null,
    vitals: null,
    facts: new Map(),
  };
}
