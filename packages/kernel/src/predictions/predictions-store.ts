/** Track records of actions, and which runs have been counted into them. */
import type { ActionTrack, Digest } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';

interface PredictionsTables {
  predictions_track: {
    action: string;
    schema_digest: string;
    compared: number;
    matched: number;
    not_comparable: number;
  };
  predictions_compared: { rollout_id: string; ended_at: number };
}

const tables = (source: Store | Transaction): Kysely<PredictionsTables> => source.as<PredictionsTables>();

export async function readTrack(
  source: Store | Transaction,
  action: string,
  schema: Digest,
): Promise<ActionTrack> {
  const row = await tables(source)
    .selectFrom('predictions_track')
    .selectAll()
    .where('action', '=', action)
    .where('schema_digest', '=', schema)
    .executeTakeFirst();
  return {
    action,
    schema,
    compared: row?.compared ?? 0,
    matched: row?.matched ?? 0,
    notComparable: row?.not_comparable ?? 0,
  };
}

/** False when the run was counted before. */
export async function noteCompared(
  transaction: Transaction,
  rolloutId: string,
  endedAt: number,
): Promise<boolean> {
  const result = await tables(transaction)
    .insertInto('predictions_compared')
    .values({ rollout_id: rolloutId, ended_at: endedAt })
    .onConflict((conflict) => conflict.column('rollout_id').doNothing())
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
}

export async function writeTrack(transaction: Transaction, track: ActionTrack): Promise<void> {
  const counts = {
    compared: track.compared,
    matched: track.matched,
    not_comparable: track.notComparable,
  };
  await tables(transaction)
    .insertInto('predictions_track')
    .values({ action: track.action, schema_digest: track.schema, ...counts })
    .onConflict((conflict) => conflict.columns(['action', 'schema_digest']).doUpdateSet(counts))
    .execute();
}

/** When the last run that was counted ended; null: none was. */
export async function lastComparedAt(source: Store): Promise<number | null> {
  const row = await tables(source)
    .selectFrom('predictions_compared')
    .select(({ fn }) => fn.max('ended_at').as('at'))
    .executeTakeFirst();
  return row?.at === null || row?.at === undefined ? null : Number(row.at);
}

export async function areCompared(source: Store, rolloutIds: readonly string[]): Promise<Set<string>> {
  if (rolloutIds.length === 0) return new Set();
  const rows = await tables(source)
    .selectFrom('predictions_compared')
    .select('rollout_id')
    .where('rollout_id', 'in', rolloutIds)
    .execute();
  return new Set(rows.map((row) => row.rollout_id));
}
