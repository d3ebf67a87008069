import { MINUTE_MS, newId } from '@pilothouse/base';
import {
  AppError,
  type Digest,
  gatewayFindings,
  type Host,
  type JsonObject,
  toTimestamp,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { EventsService } from '../events/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import { createGroups } from './create-groups.ts';
import { addMemberships } from './group-store.ts';
import { createHostIndex, type HostIndex } from './host-index.ts';
import { createHostRecords } from './host-record.ts';
import { loadIndex } from './load-index.ts';
import { createPresence } from './presence.ts';
import type { GroupsService, HostEntry, HostsService, NewHost, NotedFact } from './service.ts';
import {
  groupLabels,
  type HostChange,
  insertHost,
  loadDecommissioned,
  loadHost,
  loadLabels,
  loadPresence,
  replaceLabels,
  updateHost,
} from './store.ts';

/** How often a maintenance that has an end is looked at. */
const MAINTENANCE_INTERVAL_MS = MINUTE_MS / 4;
/** `lastSeen` on disk is at most this much older than in memory. */
const LAST_SEEN_INTERVAL_MS = 3 * MINUTE_MS;

export interface HostsRoom {
  readonly hosts: HostsService;
  readonly groups: GroupsService;
  readonly reconcilers: readonly Reconciler[];
}

export interface HostsDeps {
  readonly events: EventsService;
  /** `FactsService.bodyNow`; read late, because facts are made after hosts. */
  readonly factBody: (digest: Digest) => unknown;
  /** What is wrong on a host, of one kind or (null) of all, ends with what a person does with it; read late, too. */
  readonly resolveFindings: (transaction: Transaction, id: string, kind: string | null) => Promise<void>;
}

/** Opens the registry: loads the index, with every host offline until its session returns. */
export async function createHosts(context: KernelContext, deps: HostsDeps): Promise<HostsRoom> {
  const index = createHostIndex();
  await loadIndex(context, index);
  const presence = createPresence(context, index, deps.events);
  const groups = await createGroups(context, index, deps.events);
  const hosts = createService(context, index, { ...deps, presence, groups });
  return {
    hosts,
    groups,
    reconcilers: [
      { name: 'hosts.last-seen', intervalMs: LAST_SEEN_INTERVAL_MS, run: () => presence.flush() },
      {
        name: 'hosts.maintenance',
        intervalMs: MAINTENANCE_INTERVAL_MS,
        run: () => endMaintenances(context, hosts, index),
      },
    ],
  };
}

type Parts = HostsDeps & {
  readonly presence: ReturnType<typeof createPresence>;
  readonly groups: GroupsService;
};

function createService(context: KernelContext, index: HostIndex, parts: Parts): HostsService {
  const records = createHostRecords(index, parts.factBody);
  const changes = createChanges(context, index, parts);
  return {
    ...changes,
    ...parts.presence.service,
    index: index.entries,
    sorted: index.sorted,
    onChange: index.onChange,
    recordOf: (entry) => records.recordOf(entry),
    async get(id) {
      const entry = index.entries.get(id);
      if (entry !== undefined) return records.recordOf(entry);
      const row = await loadHost(context.store, id);
      if (row === null) return null;
      const labels = Object.fromEntries(
        (await loadLabels(context.store, id)).map((label) => [label.key, label.value]),
      );
      const [presence] = await loadPresence(context.store, id);
      return records.ofRow(row, labels, presence ?? null);
    },
    async decommissioned() {
      const rows = await loadDecommissioned(context.store);
      const presences = new Map((await loadPresence(context.store, null)).map((row) => [row.hostId, row]));
      const labels = groupLabels(await loadLabels(context.store, null));
      return rows
        .map((row) => records.ofRow(row, labels.get(row.id) ?? {}, presences.get(row.id) ?? null))
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1));
    },
    resolve(nameOrId) {
      const byId = index.entries.get(nameOrId);
      if (byId !== undefined) return byId;
      const named = index.named(nameOrId);
      if (named.length > 1)
        throw new AppError('HOST_NAME_AMBIGUOUS', { name: nameOrId, ids: named.map((entry) => entry.id) });
      return named[0] ?? null;
    },
    noteFacts: (id, facts) => noteFacts(index, id, facts),
  };
}

/** Writes of people and of other rooms: record and event in the caller's transaction, index after its commit. */
function createChanges(context: KernelContext, index: HostIndex, parts: Parts) {
  const { events, groups } = parts;
  const tell = (transaction: Transaction, type: string, hostId: string, data: JsonObject = {}) =>
    events.publish(transaction, [{ type, hostId, data }]);
  const change = async (transaction: Transaction, id: string, row: HostChange, entry: Partial<HostEntry>) => {
    await updateHost(transaction, id, row);
    transaction.afterCommit(() => {
      const details = index.details(id);
      if (details === null) return;
      const { name: _name, state: _state, ...kept } = row;
      index.patch(id, entry, { ...kept, version: details.version + 1 });
    });
  };

  return {
    async add(transaction: Transaction, host: NewHost) {
      await ensureFixedGroups(groups, transaction, host.groups);
      const id = await addHost(context, index, transaction, host);
      await tell(transaction, 'host.added', id, { name: host.name, state: host.state });
      return id;
    },
    async accept(transaction: Transaction, id: string) {
      await change(transaction, id, { state: 'active' }, { state: 'active' });
      await tell(transaction, 'host.accepted', id);
    },
    async rename(transaction: Transaction, id: string, name: string) {
      await change(transaction, id, { name }, { name });
      await tell(transaction, 'host.renamed', id, { name });
    },
    async setLabels(transaction: Transaction, id: string, labels: Readonly<Record<string, string>>) {
      await replaceLabels(transaction, id, labels);
      await change(transaction, id, {}, { labels });
      await tell(transaction, 'host.labelled', id, { labels });
    },
    async setMaintenance(transaction: Transaction, id: string, maintenance: Host['maintenance']) {
      await change(transaction, id, { maintenance }, { isInMaintenance: maintenance !== null });
      await tell(
        transaction,
        maintenance === null ? 'host.maintenance-ended' : 'host.maintenance-began',
        id,
        {
          ...maintenance,
        },
      );
    },
    async quarantine(transaction: Transaction, id: string, reason: 'clone' | 'operator' | 'hostile') {
      const quarantine = { since: toTimestamp(context.clock.now()), reason };
      await change(transaction, id, { state: 'quarantined', quarantine }, { state: 'quarantined' });
      await tell(transaction, 'host.quarantined', id, { reason });
    },
    async release(transaction: Transaction, id: string) {
      await change(transaction, id, { state: 'active', quarantine: null }, { state: 'active' });
      // Whoever releases a host says that it is one machine; where it is not that is proved, and found, anew.
      await parts.resolveFindings(transaction, id, gatewayFindings.clone.kind);
      await tell(transaction, 'host.released', id);
    },
    async decommission(transaction: Transaction, id: string) {
      await updateHost(transaction, id, { state: 'decommissioned', maintenance: null, quarantine: null });
      await parts.resolveFindings(transaction, id, null);
      await tell(transaction, 'host.decommissioned', id);
      transaction.afterCommit(() => index.remove(id));
    },
  };
}

/** A token may name a group before anybody made it; a selector group decides itself whom it holds. */
async function ensureFixedGroups(
  groups: GroupsService,
  transaction: Transaction,
  paths: readonly string[],
): Promise<void> {
  for (const path of paths) {
    const kind = groups.groups.get(path)?.kind;
    if (kind === 'selector') throw new AppError('GROUP_NOT_FIXED', { path });
    if (kind === undefined) await groups.put(transaction, { path, description: '', selector: null });
  }
}

async function addHost(
  context: KernelContext,
  index: HostIndex,
  transaction: Transaction,
  host: NewHost,
): Promise<string> {
  const id = host.id ?? newId('h', context.ids);
  const now = context.clock.now();
  await insertHost(transaction, {
    id,
    name: host.name,
    state: host.state,
    machineId: host.machineId,
    maintenance: null,
    quarantine: null,
    firstSeen: now,
    version: 1,
  });
  await replaceLabels(transaction, id, host.labels);
  await addMemberships(transaction, id, host.groups);
  transaction.afterCommit(() => {
    const { machineId: _machineId, ...known } = host;
    index.put(
      {
        ...known,
        id,
        isOnline: false,
        presenceSince: now,
        isInMaintenance: false,
        lastSeen: null,
        address: null,
        bootId: null,
        vitals: null,
        facts: new Map(),
      },
      { firstSeen: now, maintenance: null, quarantine: null, version: 1 },
    );
  });
  return id;
}

function noteFacts(index: HostIndex, id: string, noted: readonly NotedFact[]): void {
  const entry = index.entries.get(id);
  if (entry === undefined) return;
  const facts = new Map(entry.facts);
  let hasChanged = false;
  for (const { fact, digest, seenAt } of noted) {
    hasChanged ||= (facts.get(fact)?.digest ?? null) !== digest;
    if (digest === null) facts.delete(fact);
    else facts.set(fact, { digest, seenAt });
  }
  if (hasChanged) index.patch(id, { facts });
  else index.patchQuietly(id, { facts });
}

async function endMaintenances(context: KernelContext, hosts: HostsService, index: HostIndex): Promise<void> {
  const thoseOver = (): string[] =>
    [...index.entries.keys()].filter((id) => {
      const until = index.details(id)?.maintenance?.until ?? null;
      return until !== null && Date.parse(until) <= context.clock.now();
    });
  if (thoseOver().length === 0) return;
  await context.store.transaction(async (transaction) => {
    // Asked inside: somebody may have prolonged one, or taken its host away, while this waited for its turn.
    for (const id of thoseOver()) await hosts.setMaintenance(transaction, id, null);
  });
}
