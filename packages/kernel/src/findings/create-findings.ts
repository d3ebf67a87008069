import { MINUTE_MS, newId } from '@pilothouse/base';
import { AppError, type Finding, type FindingSpec } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { HostsService } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import { acknowledgements } from './acknowledgements.ts';
import { isOpening, reopen, resolve, see } from './life-cycle.ts';
import { listFindings } from './list-findings.ts';
import type { FindingsBook, FindingsService, RaisedFinding } from './service.ts';
import { openStanding, type Standing } from './standing.ts';
import {
  expiredAcknowledgements,
  findingById,
  findingByName,
  forgetResolved,
  saveFinding,
  unresolvedOf,
} from './store.ts';

const EXPIRY_INTERVAL_MS = MINUTE_MS;
/** Reopened in one transaction; the rest follows in the next. */
const REOPENED_AT_ONCE = 500;
/**
 * Findings of one kind on one host, and as many more that are over: a host says itself what is wrong with it, and each is written
 * while nobody else writes. Where more is wrong the first say enough; what comes and goes under ever new names is forgotten.
 */
const OF_HOST_MAX = 100;

export interface FindingsDeps {
  /** Of kernel and plugins; kinds are unique. */
  readonly specs: readonly FindingSpec[];
  readonly hosts: Pick<HostsService, 'index'>;
  readonly events: EventsService;
  readonly audit: Pick<AuditService, 'append'>;
}

export interface FindingsRoom {
  readonly findings: FindingsBook;
  readonly reconcilers: readonly Reconciler[];
}

/** What the parts of this room share. */
export interface FindingsParts extends FindingsDeps {
  readonly context: KernelContext;
  readonly specByKind: ReadonlyMap<string, FindingSpec>;
  readonly standing: Standing;
  /** Writes a change and tells of it; `before` null: it is new. */
  save(transaction: Transaction, before: Finding | null, after: Finding): Promise<Finding>;
}

export async function createFindings(context: KernelContext, deps: FindingsDeps): Promise<FindingsRoom> {
  const standing = await openStanding(context.store);
  const parts: FindingsParts = {
    ...deps,
    context,
    specByKind: byKind(deps.specs),
    standing,
    save(transaction, before, after) {
      standing.note(after);
      return saveAndTell({ transaction, before, after, events: deps.events });
    },
  };
  const findings: FindingsBook = {
    specs: parts.specByKind,
    raise: async (transaction, finding) => {
      await raise(parts, transaction, finding);
    },
    reconcile: (kind, hostId, now) => reconcile(parts, kind, hostId, now),
    get: (id) => findingById(context.store, id),
    list: (filter, page) => listFindings(context.store, filter, page),
    ...acknowledgements(parts),
    async resolveHost(transaction, hostId, kind) {
      for (const before of await unresolvedOf(transaction, hostId, kind)) {
        await saveResolved(parts, transaction, before);
      }
    },
  };
  const reopenExpired = { name: 'findings.expiry', intervalMs: EXPIRY_INTERVAL_MS, run: () => expire(parts) };
  return { findings, reconcilers: [reopenExpired] };
}

function byKind(specs: readonly FindingSpec[]): Map<string, FindingSpec> {
  const map = new Map<string, FindingSpec>();
  for (const spec of specs) {
    if (map.has(spec.kind)) throw new Error(`two plugins declare findings of kind ${spec.kind}`);
    map.set(spec.kind, spec);
  }
  return map;
}

function specOf({ specByKind }: FindingsParts, kind: string): FindingSpec {
  const spec = specByKind.get(kind);
  if (spec === undefined) throw new AppError('FINDING_KIND_UNKNOWN', { kind });
  return spec;
}

async function raise(parts: FindingsParts, transaction: Transaction, raised: RaisedFinding): Promise<void> {
  const spec = specOf(parts, raised.kind);
  // Decommissioned while it was judged: nobody looks there any more who could resolve it.
  if (raised.hostId !== null && !parts.hosts.index.has(raised.hostId)) return;
  const before = await findingByName(transaction, raised);
  const after = seenAgain(parts, spec, before, raised);
  if (after !== null) await parts.save(transaction, before, after);
}

function seenAgain(
  { context }: FindingsParts,
  spec: FindingSpec,
  before: Finding | null,
  raised: RaisedFinding,
): Finding | null {
  const { kind, hostId, key, evidence, severity = spec.severity } = raised;
  const id = before?.id ?? newId('fnd', context.ids);
  return see(before, { evidence, severity }, { id, kind, hostId, key, nowMs: context.clock.now() });
}

type Sightings = Parameters<FindingsService['reconcile']>[2];

/** Looks before it begins a transaction: most reports of ten thousand hosts change nothing. */
async function reconcile(
  parts: FindingsParts,
  kind: string,
  hostId: string | null,
  now: Sightings,
): Promise<void> {
  const spec = specOf(parts, kind);
  if (now.length === 0 && !parts.standing.mayHold(kind, hostId)) return;
  const { store } = parts.context;
  const current = new Map((await unresolvedOf(store, hostId, kind)).map((each) => [each.key, each]));
  const keys = new Set(now.map(({ key }) => key));
  const told = hostId === null ? now : firstOfHost(now, current);
  const hasResolved = [...current.keys()].some((key) => !keys.has(key));
  const hasChanged = told.some(
    (each) => seenAgain(parts, spec, current.get(each.key) ?? null, { ...each, kind, hostId }) !== null,
  );
  if (!hasResolved && !hasChanged) return;
  await store.transaction(async (transaction) => {
    for (const each of told) await raise(parts, transaction, { ...each, kind, hostId });
    for (const before of await unresolvedOf(transaction, hostId, kind)) {
      if (!keys.has(before.key)) await saveResolved(parts, transaction, before);
    }
    if (hasResolved && hostId !== null) await forgetResolved(transaction, { hostId, kind }, OF_HOST_MAX);
  });
}

/** What stands already stays: a list that grows at its start must not resolve what is at its end. */
function firstOfHost(now: Sightings, current: ReadonlyMap<string, Finding>): Sightings {
  if (now.length <= OF_HOST_MAX) return now;
  const standing = now.filter(({ key }) => current.has(key));
  const others = now.filter(({ key }) => !current.has(key));
  return [...standing, ...others].slice(0, OF_HOST_MAX);
}

async function saveResolved(parts: FindingsParts, transaction: Transaction, before: Finding): Promise<void> {
  const after = resolve(before, parts.context.clock.now());
  if (after !== null) await parts.save(transaction, before, after);
}

/** Reconciler: what was acknowledged until a time that is over is open again. */
async function expire(parts: FindingsParts): Promise<void> {
  const { store, clock } = parts.context;
  for (let count = REOPENED_AT_ONCE; count === REOPENED_AT_ONCE; ) {
    if ((await expiredAcknowledgements(store, clock.now(), 1)).length === 0) return;
    count = await store.transaction(async (transaction) => {
      const expired = await expiredAcknowledgements(transaction, clock.now(), REOPENED_AT_ONCE);
      for (const before of expired) {
        const after = reopen(before);
        if (after !== null) await parts.save(transaction, before, after);
      }
      return expired.length;
    });
  }
}

async function saveAndTell(change: {
  transaction: Transaction;
  before: Finding | null;
  after: Finding;
  events: EventsService;
}): Promise<Finding> {
  const { transaction, before, after, events } = change;
  const saved = await saveFinding(transaction, after);
  const type = typeOf(before, saved);
  if (type === null) return saved;
  const { id, kind, key, severity, hostId } = saved;
  await events.publish(transaction, [{ type, hostId, data: { findingId: id, kind, key, severity } }]);
  return saved;
}

function typeOf(before: Finding | null, after: Finding): string | null {
  if (isOpening(before, after)) return 'finding.opened';
  if (before === null || before.state === after.state) return null;
  return after.state === 'resolved' ? 'finding.resolved' : 'finding.acknowledged';
}
