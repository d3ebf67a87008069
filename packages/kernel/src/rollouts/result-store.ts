/** Results: one row for each ended task, and outputs by digest, stored once however many hosts printed the same. */
import { Digest, JsonObject, OutputBody, TaskOutcome, TaskState } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import { sql } from 'kysely';
import { z } from 'zod';
import { packText, unpackText } from '../plans/index.ts';
import { ROWS_PER_STATEMENT, type RolloutsTables, tables } from './tables.ts';

const TaskBody = z.object({
  cause: z.object({ code: z.string(), details: JsonObject }).nullable(),
  offeredAt: z.number().nullable(),
  startedAt: z.number().nullable(),
  outcome: TaskOutcome.nullable(),
  /** Absent: it follows from the strategy. */
  wave: z.number().int().optional(),
});

export interface EndedTask {
  readonly rolloutId: string;
  readonly index: number;
  readonly hostId: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly endedAt: number;
  /** Equal for results that a reader would call the same. */
  readonly groupKey: string;
  readonly body: z.infer<typeof TaskBody>;
}

/** Much more than the largest output cap: the canonical JSON of 8 MiB of control characters. */
export const OUTPUT_JSON_BYTES_MAX = 64 * 1024 * 1024;

export async function writeEndedTasks(transaction: Transaction, tasks: readonly EndedTask[]): Promise<void> {
  for (let at = 0; at < tasks.length; at += ROWS_PER_STATEMENT) {
    const rows = tasks.slice(at, at + ROWS_PER_STATEMENT).map((task) => ({
      rollout_id: task.rolloutId,
      step_index: task.index,
      host_id: task.hostId,
      state: task.state,
      attempt: task.attempt,
      ended_at: task.endedAt,
      group_key: task.groupKey,
      output_digest: task.body.outcome?.output?.digest ?? null,
      body: JSON.stringify(task.body),
    }));
    await tables(transaction)
      .insertInto('rollouts_task')
      .values(rows)
      // Only an unknown task ends a second time, when the truth comes late.
      .onConflict((conflict) =>
        conflict.columns(['rollout_id', 'step_index']).doUpdateSet((set) => ({
          state: set.ref('excluded.state'),
          ended_at: set.ref('excluded.ended_at'),
          group_key: set.ref('excluded.group_key'),
          output_digest: set.ref('excluded.output_digest'),
          body: set.ref('excluded.body'),
        })),
      )
      .execute();
  }
}

const columns = [
  'rollout_id',
  'step_index',
  'host_id',
  'state',
  'attempt',
  'ended_at',
  'group_key',
  'body',
] as const;
type Row = Pick<RolloutsTables['rollouts_task'], (typeof columns)[number]>;

const parseRow = (row: Row): EndedTask => ({
  rolloutId: row.rollout_id,
  index: row.step_index,
  hostId: row.host_id,
  state: TaskState.parse(row.state),
  attempt: row.attempt,
  endedAt: Number(row.ended_at),
  groupKey: row.group_key,
  body: TaskBody.parse(JSON.parse(row.body)),
});

export async function readEndedTasks(
  source: Store,
  query: {
    rolloutId: string;
    fromIndex: number;
    state: TaskState | null;
    hostId: string | null;
    limit: number;
  },
): Promise<EndedTask[]> {
  let select = tables(source)
    .selectFrom('rollouts_task')
    .select(columns)
    .where('rollout_id', '=', query.rolloutId)
    .where('step_index', '>=', query.fromIndex);
  if (query.state !== null) select = select.where('state', '=', query.state);
  if (query.hostId !== null) select = select.where('host_id', '=', query.hostId);
  return (await select.orderBy('step_index').limit(query.limit).execute()).map(parseRow);
}

export async function readTasksAt(
  source: Store,
  rolloutId: string,
  indexes: readonly number[],
): Promise<Map<number, EndedTask>> {
  const found = new Map<number, EndedTask>();
  for (let at = 0; at < indexes.length; at += ROWS_PER_STATEMENT) {
    const rows = await tables(source)
      .selectFrom('rollouts_task')
      .select(columns)
      .where('rollout_id', '=', rolloutId)
      .where('step_index', 'in', indexes.slice(at, at + ROWS_PER_STATEMENT))
      .execute();
    for (const row of rows) found.set(row.step_index, parseRow(row));
  }
  return found;
}

export async function readTasksOfHost(source: Store, hostId: string, limit: number): Promise<EndedTask[]> {
  const rows = await tables(source)
    .selectFrom('rollouts_task')
    .select(columns)
    .where('host_id', '=', hostId)
    .orderBy('ended_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map(parseRow);
}

/** Which host ended how, without bodies: what grouping under a host scope needs. */
export async function readGroupKeys(
  source: Store,
  rolloutId: string,
): Promise<{ index: number; hostId: string; groupKey: string; outputDigest: Digest | null }[]> {
  const rows = await tables(source)
    .selectFrom('rollouts_task')
    .select(['step_index', 'host_id', 'group_key', 'output_digest'])
    .where('rollout_id', '=', rolloutId)
    .orderBy('step_index')
    .execute();
  return rows.map((row) => ({
    index: row.step_index,
    hostId: row.host_id,
    groupKey: row.group_key,
    outputDigest: row.output_digest,
  }));
}

/** How each task ended, by its step, without bodies. */
export async function readTaskStates(source: Store, rolloutId: string): Promise<Map<number, TaskState>> {
  const rows = await tables(source)
    .selectFrom('rollouts_task')
    .select(['step_index', 'state'])
    .where('rollout_id', '=', rolloutId)
    .orderBy('step_index')
    .execute();
  return new Map(rows.map((row) => [row.step_index, TaskState.parse(row.state)]));
}

/** `text` is the canonical JSON of an OutputBody that was checked against its digest and schema. */
export async function insertOutputs(
  transaction: Transaction,
  outputs: ReadonlyMap<Digest, string>,
  now: number,
): Promise<void> {
  for (const [digest, text] of outputs)
    await tables(transaction)
      .insertInto('rollouts_output')
      .values({ digest, body: packText(text), size_bytes: Buffer.byteLength(text), created_at: now })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
}

export async function hasOutput(source: Store, digest: Digest): Promise<boolean> {
  const row = await tables(source)
    .selectFrom('rollouts_output')
    .select('digest')
    .where('digest', '=', digest)
    .executeTakeFirst();
  return row !== undefined;
}

export async function readOutput(source: Store, digest: Digest): Promise<OutputBody | null> {
  const row = await tables(source)
    .selectFrom('rollouts_output')
    .select('body')
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (row === undefined) return null;
  return OutputBody.parse(JSON.parse(unpackText(row.body, OUTPUT_JSON_BYTES_MAX)));
}

/** Drops outputs made before `before` that no task names any more. Returns how many. */
export async function deleteUnusedOutputs(transaction: Transaction, before: number): Promise<number> {
  const result = await tables(transaction)
    .deleteFrom('rollouts_output')
    .where('created_at', '<', before)
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('rollouts_task')
            .select(sql<number>`1`.as('one'))
            .whereRef('rollouts_task.output_digest', '=', 'rollouts_output.digest'),
        ),
      ),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
