import { compareText } from '@pilothouse/base';
import type { HostId, Maintenance } from '@pilothouse/contract';
import { createListeners } from '../listeners.ts';
import type { HostEntry, HostIndexChange } from './service.ts';
import type { Quarantine } from './store.ts';

/** What `Host` shows of an entry and selectors do not need. */
export interface HostDetails {
  readonly firstSeen: number;
  readonly maintenance: Maintenance | null;
  readonly quarantine: Quarantine | null;
  readonly version: number;
}

/**
 * All hosts but the decommissioned, in memory. Entries are frozen by convention and replaced, so whoever holds one sees
 * one moment, and a cache keyed by an entry is valid for as long as that entry is the current one.
 */
export interface HostIndex {
  readonly entries: ReadonlyMap<HostId, HostEntry>;
  readonly details: (id: HostId) => HostDetails | null;
  /** In the order of lists: by name, then id. */
  readonly sorted: () => readonly HostEntry[];
  readonly named: (name: string) => readonly HostEntry[];
  readonly put: (entry: HostEntry, details: HostDetails) => void;
  /** Applies a change to the entry as it is now; does nothing when the host has gone. */
  readonly patch: (id: HostId, entry: Partial<HostEntry>, details?: Partial<HostDetails>) => void;
  /** The same for what moves all the time and decides nothing (vitals, ages): listeners are not told. */
  readonly patchQuietly: (id: HostId, entry: Partial<HostEntry>) => void;
  readonly remove: (id: HostId) => void;
  readonly onChange: (listener: (change: HostIndexChange) => void) => () => void;
}

export function createHostIndex(): HostIndex {
  const entries = new Map<HostId, HostEntry>();
  const details = new Map<HostId, HostDetails>();
  const byName = new Map<string, Set<HostId>>();
  const { tell, listen } = createListeners<HostIndexChange>();
  /** Ids in list order; null when names or members have changed since. */
  let order: readonly HostId[] | null = null;
  /** The hosts in that order; null when any of them has changed since. */
  let sorted: readonly HostEntry[] | null = null;

  const unname = (entry: HostEntry) => {
    const ids = byName.get(entry.name);
    ids?.delete(entry.id);
    if (ids?.size === 0) byName.delete(entry.name);
  };
  const store = (entry: HostEntry): HostEntry | null => {
    const before = entries.get(entry.id) ?? null;
    entries.set(entry.id, entry);
    sorted = null;
    if (before?.name === entry.name) return before;
    order = null;
    if (before !== null) unname(before);
    const ids = byName.get(entry.name) ?? new Set();
    byName.set(entry.name, ids.add(entry.id));
    return before;
  };
  const present = (ids: Iterable<HostId>): HostEntry[] =>
    [...ids].map((id) => entries.get(id)).filter((entry) => entry !== undefined);

  return {
    entries,
    details: (id) => details.get(id) ?? null,
    sorted() {
      order ??= [...entries.values()]
        .sort((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id))
        .map((entry) => entry.id);
      sorted ??= present(order);
      return sorted;
    },
    named: (name) => present(byName.get(name) ?? []),
    put(entry, moreDetails) {
      details.set(entry.id, moreDetails);
      tell({ before: store(entry), after: entry });
    },
    patch(id, change, moreDetails) {
      const before = entries.get(id);
      const known = details.get(id);
      if (before === undefined || known === undefined) return;
      if (moreDetails !== undefined) details.set(id, { ...known, ...moreDetails });
      const after = { ...before, ...change };
      store(after);
      tell({ before, after });
    },
    patchQuietly(id, change) {
      const before = entries.get(id);
      if (before !== undefined) store({ ...before, ...change });
    },
    remove(id) {
      const before = entries.get(id);
      if (before === undefined) return;
      entries.delete(id);
      details.delete(id);
      unname(before);
      order = null;
      sorted = null;
      tell({ before, after: null });
    },
    onChange: listen,
  };
}
