import { type Digest, FactReport, type FactSpan, type HostId, toTimestamp } from '@pilothouse/contract';
import { insertRows, rowChunks, type Store, type Transaction } from '@pilothouse/store';
import { sql } from 'kysely';
import { z } from 'zod';

export interface FactsTables {
  facts_body: { digest: string; fact: string; size_bytes: number; body: string; stored_at: number };
  facts_span: {
    host_id: string;
    fact: string;
    since: number;
    until: number | null;
    seen_at: number;
    digest: string | null;
    report: string;
  };
}

export type SpanRow = FactsTables['facts_span'];
export type BodyRow = FactsTables['facts_body'];

/**
 * What a present report says beside the row's own columns: its size, and with it the lines that nobody understood when there are
 * some. Rows of before have both by name. `report` holds the whole of an absent one.
 */
const Measures = z.union([
  z.number().transform((sizeBytes) => ({ sizeBytes, unknownLines: 0 })),
  z.tuple([z.number(), z.number()]).transform(([sizeBytes, unknownLines]) => ({ sizeBytes, unknownLines })),
  z.object({ sizeBytes: z.number(), unknownLines: z.number() }),
]);

/** The text of the `report` column. Fact and digest have columns of their own: there are twenty rows a host. */
export function packReport(report: FactReport): string {
  if (report.kind === 'absent') return JSON.stringify(report);
  const { sizeBytes, unknownLines } = report;
  return JSON.stringify(unknownLines === 0 ? sizeBytes : [sizeBytes, unknownLines]);
}

export function unpackReport(row: Pick<SpanRow, 'fact' | 'digest' | 'report'>): FactReport {
  const { fact, digest } = row;
  if (digest === null) return FactReport.parse(JSON.parse(row.report));
  return { kind: 'present', fact, digest, ...Measures.parse(JSON.parse(row.report)) };
}

const spanOf = (row: SpanRow): FactSpan => ({
  fact: row.fact,
  report: unpackReport(row),
  // PostgreSQL drivers hand out 64-bit integers as text.
  from: toTimestamp(Number(row.since)),
  to: row.until === null ? null : toTimestamp(Number(row.until)),
  seenAt: toTimestamp(Number(row.seen_at)),
});

/** The open span of every fact of every host, for the start. */
export async function loadOpenSpans(store: Store, hostId: HostId | null): Promise<SpanRow[]> {
  let query = store.as<FactsTables>().selectFrom('facts_span').selectAll().where('until', 'is', null);
  if (hostId !== null) query = query.where('host_id', '=', hostId);
  const rows = await query.orderBy('fact').execute();
  return rows.map((row) => ({ ...row, since: Number(row.since), seen_at: Number(row.seen_at) }));
}

export async function spansOf(store: Store, hostId: HostId): Promise<FactSpan[]> {
  return (await loadOpenSpans(store, hostId)).map(spanOf);
}

export async function spansAt(store: Store, hostId: HostId, at: number): Promise<FactSpan[]> {
  const rows = await store
    .as<FactsTables>()
    .selectFrom('facts_span')
    .selectAll()
    .where('host_id', '=', hostId)
    .where('since', '<=', at)
    .where((where) => where.or([where('until', 'is', null), where('until', '>', at)]))
    .orderBy('fact')
    .execute();
  return rows.map(spanOf);
}

/** Newest first. */
export async function spansBefore(
  store: Store,
  wanted: { hostId: HostId; fact: string; before: number | null; limit: number },
): Promise<FactSpan[]> {
  let query = store
    .as<FactsTables>()
    .selectFrom('facts_span')
    .selectAll()
    .where('host_id', '=', wanted.hostId)
    .where('fact', '=', wanted.fact);
  if (wanted.before !== null) query = query.where('since', '<', wanted.before);
  return (await query.orderBy('since', 'desc').limit(wanted.limit).execute()).map(spanOf);
}

/** What the index of digests is of. */
const beginningOf = (column: string) => sql<string>`substr(${sql.ref(column)}, 1, 6)`;

export async function hostsThatHad(store: Store, digest: Digest): Promise<HostId[]> {
  const rows = await store
    .as<FactsTables>()
    .selectFrom('facts_span')
    .select('host_id')
    .distinct()
    .where(beginningOf('digest'), '=', digest.slice(0, 6))
    .where('digest', '=', digest)
    .execute();
  return rows.map((row) => row.host_id);
}

export interface SpanEnd {
  readonly hostId: HostId;
  readonly fact: string;
  readonly until: number;
  readonly seenAt: number;
}

export async function writeSpans(
  transaction: Transaction,
  ends: readonly SpanEnd[],
  rows: readonly SpanRow[],
): Promise<void> {
  const db = transaction.as<FactsTables>();
  // They travel together; the database carries them out in this order.
  await Promise.all(
    ends.map(({ hostId, fact, until, seenAt }) =>
      db
        .updateTable('facts_span')
        .set({ until, seen_at: seenAt })
        .where('host_id', '=', hostId)
        .where('fact', '=', fact)
        .where('until', 'is', null)
        .execute(),
    ),
  );
  await insertRows(
    rows,
    (chunk) => db.insertInto('facts_span').values(chunk).compile(),
    (query) => db.executeQuery(query),
  );
}

export async function writeSeen(
  transaction: Transaction,
  hostId: HostId,
  facts: readonly string[],
  seenAt: number,
): Promise<void> {
  await transaction
    .as<FactsTables>()
    .updateTable('facts_span')
    .set({ seen_at: seenAt })
    .where('host_id', '=', hostId)
    .where('fact', 'in', facts)
    .where('until', 'is', null)
    .execute();
}

export async function insertBodies(transaction: Transaction, rows: readonly BodyRow[]): Promise<void> {
  for (const chunk of rowChunks(rows))
    await transaction
      .as<FactsTables>()
      .insertInto('facts_body')
      .values(chunk)
      .onConflict((conflict) =>
        conflict.columns(['digest', 'fact']).doUpdateSet((eb) => ({
          size_bytes: eb.ref('excluded.size_bytes'),
          body: eb.ref('excluded.body'),
          stored_at: eb.ref('excluded.stored_at'),
        })),
      )
      .execute();
}

export async function loadBody(store: Store, digest: Digest): Promise<BodyRow | null> {
  const row = await store
    .as<FactsTables>()
    .selectFrom('facts_body')
    .selectAll()
    .where('digest', '=', digest)
    .orderBy('fact')
    .executeTakeFirst();
  return row ?? null;
}

export async function loadBodyNames(store: Store): Promise<{ digest: string; fact: string }[]> {
  return await store.as<FactsTables>().selectFrom('facts_body').select(['digest', 'fact']).execute();
}

/** Drops closed spans that ended before `endedBefore`, then bodies that no span names and that are not brand-new. */
export async function sweep(
  transaction: Transaction,
  limits: { endedBefore: number; storedBefore: number },
): Promise<{ digest: string; fact: string }[]> {
  const db = transaction.as<FactsTables>();
  await db.deleteFrom('facts_span').where('until', '<', limits.endedBefore).execute();
  const gone = await db
    .selectFrom('facts_body')
    .select(['digest', 'fact'])
    .where('stored_at', '<', limits.storedBefore)
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('facts_span')
            .select('facts_span.digest')
            .where(beginningOf('facts_span.digest'), '=', beginningOf('facts_body.digest'))
            .whereRef('facts_span.digest', '=', 'facts_body.digest')
            .whereRef('facts_span.fact', '=', 'facts_body.fact'),
        ),
      ),
    )
    .execute();
  for (const { digest, fact } of gone)
    await db.deleteFrom('facts_body').where('digest', '=', digest).where('fact', '=', fact).execute();
  return gone;
}
