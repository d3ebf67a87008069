import {
  AuditCheckpoint,
  AuditRecord,
  type ChainHead,
  canonicalJson,
  EMPTY_CHAIN,
} from '@pilothouse/contract';
import { insertRows, type Store, type Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';

export interface AuditRow {
  sequence: number;
  at: string;
  actor_kind: string;
  actor_id: string;
  actor_name: string;
  action: string;
  subject: string;
  /** Canonical JSON. */
  details: string;
  request_id: string | null;
  previous: string;
  hash: string;
}

interface AuditTables {
  audit_record: AuditRow;
  audit_checkpoint: { sequence: number; hash: string; at: string; key_id: string; signature: string };
}

/** Anything that reads: the store, a transaction, a file opened for reading. */
export interface AuditSource {
  as<Tables>(): Kysely<Tables>;
}

export interface AuditQuery {
  /** One action, or all of a noun as `rollout.*`. */
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
}

export async function readHead(source: AuditSource): Promise<ChainHead> {
  const row = await source
    .as<AuditTables>()
    .selectFrom('audit_record')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? EMPTY_CHAIN;
}

export async function insertRecords(
  transaction: Transaction,
  records: readonly AuditRecord[],
): Promise<void> {
  const db = transaction.as<AuditTables>();
  await insertRows(
    records.map(rowOf),
    (chunk) => db.insertInto('audit_record').values(chunk).compile(),
    (query) => db.executeQuery(query),
  );
}

/** Records before `before` (null: from the newest on), newest first. */
export async function readNewest(
  store: Store,
  query: AuditQuery,
  page: { before: number | null; limit: number },
): Promise<AuditRecord[]> {
  let select = filtered(store, query).orderBy('sequence', 'desc').limit(page.limit);
  if (page.before !== null) select = select.where('sequence', '<', page.before);
  return (await select.execute()).map(recordOf);
}

/** Records after `after`, oldest first. */
export async function readOldest(
  source: AuditSource,
  query: AuditQuery,
  page: { after: number; limit: number },
): Promise<AuditRecord[]> {
  return (await readRows(source, query, page)).map(recordOf);
}

/** The same as they stand in the database, for those who do not trust it. */
export async function readRows(
  source: AuditSource,
  query: AuditQuery,
  page: { after: number; limit: number },
): Promise<AuditRow[]> {
  return filtered(source, query)
    .where('sequence', '>', page.after)
    .orderBy('sequence')
    .limit(page.limit)
    .execute();
}

function filtered(source: AuditSource, query: AuditQuery) {
  let select = source.as<AuditTables>().selectFrom('audit_record').selectAll();
  if (query.subject !== undefined) select = select.where('subject', '=', query.subject);
  if (query.action === undefined) return select;
  if (!query.action.endsWith('.*')) return select.where('action', '=', query.action);
  const prefix = query.action.slice(0, -1);
  // A range rather than LIKE: names of actions hold `-` and letters, and `/` follows `.`.
  return select.where('action', '>=', prefix).where('action', '<', `${prefix.slice(0, -1)}/`);
}

export async function readLatestCheckpoint(source: AuditSource): Promise<AuditCheckpoint | null> {
  const row = await source
    .as<AuditTables>()
    .selectFrom('audit_checkpoint')
    .selectAll()
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : checkpointOf(row);
}

/** Those that can be read as checkpoints; the record of the first that cannot, or null. */
export async function readCheckpoints(
  source: AuditSource,
): Promise<{ checkpoints: AuditCheckpoint[]; malformedAt: number | null }> {
  const rows = await source
    .as<AuditTables>()
    .selectFrom('audit_checkpoint')
    .selectAll()
    .orderBy('sequence')
    .execute();
  const parsed = rows.map((row) => ({
    row,
    result: AuditCheckpoint.safeParse({ ...row, keyId: row.key_id }),
  }));
  return {
    checkpoints: parsed.flatMap(({ result }) => (result.success ? [result.data] : [])),
    malformedAt: parsed.find(({ result }) => !result.success)?.row.sequence ?? null,
  };
}

export async function insertCheckpoint(transaction: Transaction, checkpoint: AuditCheckpoint): Promise<void> {
  const { sequence, hash, at, keyId, signature } = checkpoint;
  await transaction
    .as<AuditTables>()
    .insertInto('audit_checkpoint')
    .values({ sequence, hash, at, key_id: keyId, signature })
    .execute();
}

function rowOf(record: AuditRecord): AuditRow {
  return {
    sequence: record.sequence,
    at: record.at,
    actor_kind: record.actor.kind,
    actor_id: record.actor.id,
    actor_name: record.actor.name,
    action: record.action,
    subject: record.subject,
    details: canonicalJson(record.details),
    request_id: record.requestId,
    previous: record.previous,
    hash: record.hash,
  };
}

/** Throws when the row is not a record. */
export function recordOf(row: AuditRow): AuditRecord {
  return AuditRecord.parse({
    sequence: row.sequence,
    at: row.at,
    actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
    action: row.action,
    subject: row.subject,
    details: JSON.parse(row.details),
    requestId: row.request_id,
    previous: row.previous,
    hash: row.hash,
  });
}

const checkpointOf = (row: AuditTables['audit_checkpoint']): AuditCheckpoint =>
  AuditCheckpoint.parse({ ...row, keyId: row.key_id });
