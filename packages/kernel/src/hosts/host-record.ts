import { type Digest, type Host, toTimestamp } from '@pilothouse/contract';
import { z } from 'zod';
import type { HostDetails, HostIndex } from './host-index.ts';
import { offlineEntry } from './offline-entry.ts';
import type { HostEntry } from './service.ts';
import type { HostRow, PresenceRow } from './store.ts';

/** Distinct operating system builds remembered; a fleet has dozens. */
const OS_KNOWN_MAX = 4096;

/** The part of the `os` fact that a host record shows. The fact belongs to a plugin, so anything may be missing. */
const OsFact = z.object({
  id: z.string(),
  versionId: z.string().nullish(),
  prettyName: z.string().nullish(),
});

/** Turns index entries into the records that clients see. */
export function createHostRecords(index: HostIndex, factBody: (digest: Digest) => unknown) {
  const known = new Map<Digest, Host['os']>();

  const osOf = (digest: Digest | undefined): Host['os'] => {
    if (digest === undefined) return null;
    const remembered = known.get(digest);
    if (remembered !== undefined) return remembered;
    const fact = OsFact.safeParse(factBody(digest));
    if (!fact.success) return null;
    const { id, versionId, prettyName } = fact.data;
    const os = { id, versionId: versionId ?? '', prettyName: prettyName ?? id };
    if (known.size >= OS_KNOWN_MAX) known.clear();
    known.set(digest, os);
    return os;
  };

  return {
    recordOf(entry: HostEntry): Host {
      const details = index.details(entry.id);
      return show(entry, details ?? NO_DETAILS, osOf(entry.facts.get('os')?.digest));
    },
    /** Of a host that is no longer in the index. */
    ofRow(row: HostRow, labels: Readonly<Record<string, string>>, presence: PresenceRow | null): Host {
      return show(offlineEntry(row, { labels, groups: [], presence }), row, null);
    },
  };
}

/** For an entry whose host has just been removed and that somebody still holds. */
const NO_DETAILS: HostDetails = { firstSeen: 0, maintenance: null, quarantine: null, version: 0 };

function show(entry: HostEntry, details: HostDetails, os: Host['os']): Host {
  const kind = entry.isOnline ? 'online' : entry.lastSeen === null ? 'never' : 'offline';
  return {
    id: entry.id,
    name: entry.name,
    state: entry.state,
    presence: { kind, since: toTimestamp(entry.presenceSince) },
    maintenance: details.maintenance,
    quarantine: details.quarantine,
    labels: entry.labels,
    groups: [...entry.groups],
    address: entry.address,
    agentVersion: entry.agentVersion,
    arch: entry.arch,
    os,
    bootId: entry.bootId,
    firstSeen: toTimestamp(details.firstSeen),
    lastSeen: entry.lastSeen === null ? null : toTimestamp(entry.lastSeen),
    vitals: entry.vitals,
    etag: String(details.version),
  };
}
