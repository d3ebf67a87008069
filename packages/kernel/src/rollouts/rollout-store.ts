/**
 * What of a rollout is durable, and how little is written for it.
 *
 * The head (state, cause, counts) is one row, written once a commit. A pending task that nothing happened to has no row:
 * the plan says all of it. What happens to open tasks is appended as one `change` row a commit, whatever the number of
 * tasks; a task gets a row of its own once, when it ends. So a task costs one row and not four, and a rollout is read
 * back as its plan, plus the ended rows, plus the changes in order.
 */
import {
  Digest,
  GateVerdict,
  JsonObject,
  PlanTarget,
  RolloutCause,
  RolloutId,
  type RolloutState,
  RolloutState as RolloutStates,
  Strategy,
  TaskCounts,
  TaskState,
} from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import { z } from 'zod';
import { ROWS_PER_STATEMENT, tables } from './tables.ts';

/** What never changes after the start. */
const Fixed = z.object({
  kind: z.enum(['run', 'dry-run']),
  title: z.string(),
  createdBy: z.string(),
  createdAt: z.number(),
  notBefore: z.number(),
  expiresAt: z.number(),
  retryOf: RolloutId.nullable(),
  rollbackOf: RolloutId.optional(),
  strategy: Strategy,
  target: PlanTarget,
  hostsCount: z.number().int(),
  /** Absent: it follows from the strategy. */
  wavesCount: z.number().int().optional(),
});

/** A wave has ended and its gates are being passed; what is under way of it is asked anew after a restart. */
const Gating = z.object({
  waveEndedAt: z.number(),
  at: z.number().int(),
  enteredAt: z.number(),
  soakedMs: z.number(),
  heldAt: z.number().nullable(),
  asked: z.number().int(),
  askedAt: z.number().nullable(),
  askAt: z.number().nullable(),
  confirmedBy: z.string().nullable(),
  judgement: GateVerdict.extend({ at: z.number() }).nullable(),
});

/** What may change with every commit. */
const Head = z.object({
  cause: RolloutCause,
  waiting: z.object({ code: z.string(), details: JsonObject, since: z.number() }).nullable(),
  counts: TaskCounts,
  wave: z.number().int(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  rolledBackBy: RolloutId.optional(),
  gate: Gating.optional(),
  missing: z.object({ required: z.number().int(), given: z.number().int() }).optional(),
});

export interface RolloutRecord {
  readonly id: string;
  readonly planDigest: Digest;
  readonly fixed: z.infer<typeof Fixed>;
  readonly state: RolloutState;
  readonly head: z.infer<typeof Head>;
  readonly revision: number;
}

const Cause = z.object({ code: z.string(), details: JsonObject });
const Ask = z.object({
  kind: z.enum(['withdraw', 'cancel']),
  then: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('again') }),
    z.object({ kind: z.literal('end'), state: z.enum(['cancelled', 'expired', 'skipped']), cause: Cause }),
  ]),
  isEndedIfStarted: z.boolean(),
});

/** An open (or again pending) task: index, phase, attempt, accepted, offered at, started at, deadline, asked. */
const OpenTask = z.tuple([
  z.number().int(),
  TaskState,
  z.number().int(),
  z.boolean(),
  z.number().nullable(),
  z.number().nullable(),
  z.number().nullable(),
  Ask.nullable(),
]);
export type OpenTask = z.infer<typeof OpenTask>;

export async function insertRollout(transaction: Transaction, record: RolloutRecord): Promise<void> {
  const { id, planDigest, fixed, state, head, revision } = record;
  await tables(transaction)
    .insertInto('rollouts_rollout')
    .values({
      id,
      plan_digest: planDigest,
      run_key: fixed.kind === 'run' ? planDigest : id,
      fixed: JSON.stringify(fixed),
      state,
      head: JSON.stringify(head),
      revision,
      ended_at: head.endedAt,
    })
    .execute();
}

export async function updateRollout(
  transaction: Transaction,
  record: Pick<RolloutRecord, 'id' | 'state' | 'head' | 'revision'>,
): Promise<void> {
  const { id, state, head, revision } = record;
  await tables(transaction)
    .updateTable('rollouts_rollout')
    .set({ state, head: JSON.stringify(head), revision, ended_at: head.endedAt })
    .where('id', '=', id)
    .execute();
}

/** An ended rollout learns who undoes it. */
export async function noteRolledBack(
  transaction: Transaction,
  id: string,
  rolledBackBy: string,
): Promise<void> {
  const db = tables(transaction);
  const row = await db.selectFrom('rollouts_rollout').select(columns).where('id', '=', id).executeTakeFirst();
  if (row === undefined) return;
  const record = parseRow(row);
  // What was undone already has nothing of the later one to show.
  if (record.state === 'rolled-back') return;
  const head = { ...record.head, rolledBackBy };
  await updateRollout(transaction, { ...record, head, revision: record.revision + 1 });
}

export async function insertChange(
  transaction: Transaction,
  change: { rolloutId: string; sequence: number; tasks: readonly OpenTask[] },
): Promise<void> {
  await tables(transaction)
    .insertInto('rollouts_change')
    .values({ rollout_id: change.rolloutId, sequence: change.sequence, body: JSON.stringify(change.tasks) })
    .execute();
}

export async function deleteChanges(transaction: Transaction, rolloutId: string): Promise<void> {
  await tables(transaction).deleteFrom('rollouts_change').where('rollout_id', '=', rolloutId).execute();
}

/** In the order in which they were written. */
export async function readChanges(
  source: Store,
  rolloutId: string,
): Promise<{ tasks: OpenTask[]; lastSequence: number }> {
  const rows = await tables(source)
    .selectFrom('rollouts_change')
    .select(['sequence', 'body'])
    .where('rollout_id', '=', rolloutId)
    .orderBy('sequence')
    .execute();
  const parse = z.array(OpenTask);
  return {
    tasks: rows.flatMap((row) => parse.parse(JSON.parse(row.body))),
    lastSequence: rows.at(-1)?.sequence ?? 0,
  };
}

type Row = {
  id: string;
  plan_digest: string;
  fixed: string;
  state: string;
  head: string;
  revision: number;
};

const parseRow = (row: Row): RolloutRecord => ({
  id: row.id,
  planDigest: Digest.parse(row.plan_digest),
  fixed: Fixed.parse(JSON.parse(row.fixed)),
  state: RolloutStates.parse(row.state),
  head: Head.parse(JSON.parse(row.head)),
  revision: row.revision,
});
const columns = ['id', 'plan_digest', 'fixed', 'state', 'head', 'revision'] as const;

export async function readRollout(source: Store, id: string): Promise<RolloutRecord | null> {
  const row = await tables(source)
    .selectFrom('rollouts_rollout')
    .select(columns)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : parseRow(row);
}

/** Those that have not ended, oldest first. */
export async function readActive(source: Store): Promise<RolloutRecord[]> {
  const rows = await tables(source)
    .selectFrom('rollouts_rollout')
    .select(columns)
    .where('ended_at', 'is', null)
    .orderBy('id')
    .execute();
  return rows.map(parseRow);
}

export async function readRunOf(source: Store, planDigest: Digest): Promise<string | null> {
  const row = await tables(source)
    .selectFrom('rollouts_rollout')
    .select('id')
    .where('run_key', '=', planDigest)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** What became of plans: the run of each that has one, as its last commit left it. */
export async function readRunsOf(
  source: Store,
  digests: readonly Digest[],
): Promise<Map<Digest, { id: string; state: RolloutState }>> {
  const runs = new Map<Digest, { id: string; state: RolloutState }>();
  for (let at = 0; at < digests.length; at += ROWS_PER_STATEMENT) {
    const rows = await tables(source)
      .selectFrom('rollouts_rollout')
      .select(['id', 'run_key', 'state'])
      .where('run_key', 'in', digests.slice(at, at + ROWS_PER_STATEMENT))
      .execute();
    for (const row of rows) runs.set(row.run_key, { id: row.id, state: RolloutStates.parse(row.state) });
  }
  return runs;
}

/** Newest first: ids sort by time. */
export async function listRollouts(
  source: Store,
  query: { before: string | null; state: RolloutState | null; isActive: boolean | null; limit: number },
): Promise<RolloutRecord[]> {
  let select = tables(source).selectFrom('rollouts_rollout').select(columns);
  if (query.before !== null) select = select.where('id', '<', query.before);
  if (query.state !== null) select = select.where('state', '=', query.state);
  if (query.isActive !== null) select = select.where('ended_at', query.isActive ? 'is' : 'is not', null);
  const rows = await select.orderBy('id', 'desc').limit(query.limit).execute();
  return rows.map(parseRow);
}

export async function endedBefore(source: Store, before: number, limit: number): Promise<string[]> {
  const rows = await tables(source)
    .selectFrom('rollouts_rollout')
    .select('id')
    .where('ended_at', '<', before)
    .orderBy('ended_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

export async function deleteRollout(transaction: Transaction, id: string): Promise<void> {
  const db = tables(transaction);
  await db.deleteFrom('rollouts_task').where('rollout_id', '=', id).execute();
  await db.deleteFrom('rollouts_change').where('rollout_id', '=', id).execute();
  await db.deleteFrom('rollouts_rollout').where('id', '=', id).execute();
}

export async function usedPlans(
  transaction: Transaction,
  digests: readonly Digest[],
): Promise<ReadonlySet<Digest>> {
  const used = new Set<Digest>();
  for (let at = 0; at < digests.length; at += ROWS_PER_STATEMENT) {
    const rows = await tables(transaction)
      .selectFrom('rollouts_rollout')
      .select('plan_digest')
      .where('plan_digest', 'in', digests.slice(at, at + ROWS_PER_STATEMENT))
      .execute();
    for (const row of rows) used.add(row.plan_digest);
  }
  return used;
}
