import { canonicalJson, Finding, type HostId, Severity, toTimestamp } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';
import { severityRank } from './life-cycle.ts';
import type { FindingsFilter } from './service.ts';

interface FindingRow {
  id: string;
  kind: string;
  host_id: string;
  key: string;
  severity_rank: number;
  state: string;
  evidence: string;
  first_seen: number;
  last_seen: number;
  resolved_at: number | null;
  acknowledged_by: string | null;
  acknowledged_at: number | null;
  acknowledged_reason: string | null;
  acknowledged_until: number | null;
  version: number;
}

interface FindingsTables {
  findings_finding: FindingRow;
}

/** The store, or a transaction. */
export interface FindingsSource {
  as<Tables>(): Kysely<Tables>;
}

export async function findingById(source: FindingsSource, id: string): Promise<Finding | null> {
  const row = await table(source).selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : findingOf(row);
}

export async function findingByName(
  source: FindingsSource,
  name: { kind: string; hostId: HostId | null; key: string },
): Promise<Finding | null> {
  const row = await table(source)
    .selectAll()
    .where('host_id', '=', name.hostId ?? '')
    .where('kind', '=', name.kind)
    .where('key', '=', name.key)
    .executeTakeFirst();
  return row === undefined ? null : findingOf(row);
}

/** What is not resolved on a host or (null) on none in particular, of one kind or (null) of all. */
export async function unresolvedOf(
  source: FindingsSource,
  hostId: HostId | null,
  kind: string | null,
): Promise<Finding[]> {
  let select = table(source)
    .selectAll()
    .where('host_id', '=', hostId ?? '')
    .where('state', '!=', 'resolved');
  if (kind !== null) select = select.where('kind', '=', kind);
  return (await select.orderBy('key').execute()).map(findingOf);
}

/** Hosts (an empty id: none in particular) and kinds of all that is not resolved. */
export const unresolvedNames = (source: FindingsSource) =>
  table(source).select(['kind', 'host_id']).distinct().where('state', '!=', 'resolved').execute();

export async function expiredAcknowledgements(
  source: FindingsSource,
  nowMs: number,
  limit: number,
): Promise<Finding[]> {
  const rows = await table(source)
    .selectAll()
    .where('state', '=', 'acknowledged')
    .where('acknowledged_until', '<=', nowMs)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(findingOf);
}

/** Where a page begins: after the finding with this rank and id. */
export interface FindingsPosition {
  readonly rank: number;
  readonly id: string;
}

/** Worst first, then newest first. */
export async function readFindings(
  store: Store,
  filter: Omit<FindingsFilter, 'hostIds'>,
  page: { after: FindingsPosition | null; limit: number },
): Promise<Finding[]> {
  let select = table(store).selectAll();
  if (filter.state !== undefined) select = select.where('state', '=', filter.state);
  if (filter.kind !== undefined) select = select.where('kind', '=', filter.kind);
  if (filter.hostId !== undefined) select = select.where('host_id', '=', filter.hostId);
  if (filter.severityMin !== undefined) {
    select = select.where('severity_rank', '>=', severityRank(filter.severityMin));
  }
  if (filter.firstSeenMin !== undefined) select = select.where('first_seen', '>=', filter.firstSeenMin);
  const { after } = page;
  if (after !== null) {
    select = select.where((row) =>
      row.or([
        row('severity_rank', '<', after.rank),
        row.and([row('severity_rank', '=', after.rank), row('id', '<', after.id)]),
      ]),
    );
  }
  const rows = await select
    .orderBy('severity_rank', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map(findingOf);
}

/** Inserts or replaces; its version, and with it the etag, is one more than that of `finding`. */
export async function saveFinding(transaction: Transaction, finding: Finding): Promise<Finding> {
  const version = Number(finding.etag) + 1;
  const row = rowOf(finding, version);
  const { id: _, ...changed } = row;
  await transaction
    .as<FindingsTables>()
    .insertInto('findings_finding')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changed))
    .execute();
  return { ...finding, etag: String(version) };
}

/** Of a kind on a host; those that were resolved last are kept. */
export async function forgetResolved(
  transaction: Transaction,
  { hostId, kind }: { readonly hostId: HostId; readonly kind: string },
  kept: number,
): Promise<void> {
  const last = table(transaction)
    .select('id')
    .where('host_id', '=', hostId)
    .where('kind', '=', kind)
    .where('state', '=', 'resolved')
    .orderBy('resolved_at', 'desc')
    .orderBy('id', 'desc')
    .limit(kept);
  await transaction
    .as<FindingsTables>()
    .deleteFrom('findings_finding')
    .where('host_id', '=', hostId)
    .where('kind', '=', kind)
    .where('state', '=', 'resolved')
    .where('id', 'not in', last)
    .execute();
}

const table = (source: FindingsSource) => source.as<FindingsTables>().selectFrom('findings_finding');

function rowOf(finding: Finding, version: number): FindingRow {
  const { acknowledgement } = finding;
  return {
    id: finding.id,
    kind: finding.kind,
    host_id: finding.hostId ?? '',
    key: finding.key,
    severity_rank: severityRank(finding.severity),
    state: finding.state,
    evidence: canonicalJson(finding.evidence),
    first_seen: Date.parse(finding.firstSeen),
    last_seen: Date.parse(finding.lastSeen),
    resolved_at: finding.resolvedAt === null ? null : Date.parse(finding.resolvedAt),
    acknowledged_by: acknowledgement?.by ?? null,
    acknowledged_at: acknowledgement === null ? null : Date.parse(acknowledgement.at),
    acknowledged_reason: acknowledgement?.reason ?? null,
    acknowledged_until: acknowledgement === null ? null : Date.parse(acknowledgement.until),
    version,
  };
}

function findingOf(row: FindingRow): Finding {
  const { acknowledged_by: by, acknowledged_at: at, acknowledged_until: until } = row;
  const isAcknowledged = by !== null && at !== null && until !== null;
  return Finding.parse({
    id: row.id,
    kind: row.kind,
    hostId: row.host_id === '' ? null : row.host_id,
    key: row.key,
    severity: Severity.options[row.severity_rank],
    state: row.state,
    evidence: JSON.parse(row.evidence),
    firstSeen: toTimestamp(row.first_seen),
    lastSeen: toTimestamp(row.last_seen),
    resolvedAt: row.resolved_at === null ? null : toTimestamp(row.resolved_at),
    acknowledgement: isAcknowledged
      ? { by, at: toTimestamp(at), reason: row.acknowledged_reason ?? '', until: toTimestamp(until) }
      : null,
    etag: String(row.version),
  });
}
