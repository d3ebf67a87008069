import { Occurrence, OccurrenceState, ScheduleTerms } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import { z } from 'zod';

interface SchedulesTables {
  schedules_schedule: { name: string; body: string; next_at: number | null; version: number };
  schedules_occurrence: { schedule: string; due_at: number; state: string; body: string; at: number };
}

type Source = Pick<Store | Transaction, 'as'>;
const tables = (source: Source) => source.as<SchedulesTables>();

const Body = z.object({
  terms: ScheduleTerms,
  owner: z.object({ userId: z.string(), userName: z.string(), roles: z.array(z.string()).nullable() }),
  isPaused: z.boolean(),
  /** Each bound to the digest of the terms as they were then. */
  approvals: z.array(z.object({ personId: z.string(), name: z.string(), termsDigest: z.string() })),
  changedAt: z.number(),
});

/** A schedule as it is kept. Times are milliseconds since the epoch. */
export interface ScheduleRecord extends z.infer<typeof Body> {
  readonly name: string;
  /** When its turn comes next; null: never again. */
  readonly nextAt: number | null;
  readonly version: number;
}

const OccurrenceBody = Occurrence.pick({ cause: true, askedBy: true, planDigest: true, rolloutId: true });

export interface OccurrenceRecord extends z.infer<typeof OccurrenceBody> {
  readonly schedule: string;
  readonly dueAt: number;
  readonly state: OccurrenceState;
  readonly at: number;
}

export async function readSchedules(store: Store): Promise<ScheduleRecord[]> {
  const rows = await tables(store).selectFrom('schedules_schedule').selectAll().orderBy('name').execute();
  return rows.map(({ name, body, next_at, version }) => ({
    ...Body.parse(JSON.parse(body)),
    name,
    nextAt: next_at === null ? null : Number(next_at),
    version,
  }));
}

export async function writeSchedule(
  transaction: Transaction,
  { name, nextAt, version, ...body }: ScheduleRecord,
): Promise<void> {
  const row = { body: JSON.stringify(body), next_at: nextAt, version };
  await tables(transaction)
    .insertInto('schedules_schedule')
    .values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}

export async function deleteSchedule(transaction: Transaction, name: string): Promise<void> {
  await tables(transaction).deleteFrom('schedules_schedule').where('name', '=', name).execute();
  await tables(transaction).deleteFrom('schedules_occurrence').where('schedule', '=', name).execute();
}

type OccurrenceRow = SchedulesTables['schedules_occurrence'];

const rowOf = ({ schedule, dueAt, state, at, ...body }: OccurrenceRecord): OccurrenceRow => ({
  schedule,
  due_at: dueAt,
  state,
  at,
  body: JSON.stringify(body),
});

const occurrenceOf = (row: OccurrenceRow): OccurrenceRecord => ({
  ...OccurrenceBody.parse(JSON.parse(row.body)),
  schedule: row.schedule,
  dueAt: Number(row.due_at),
  state: OccurrenceState.parse(row.state),
  at: Number(row.at),
});

/** One that is there already stays as it is. */
export async function insertOccurrences(
  transaction: Transaction,
  occurrences: readonly OccurrenceRecord[],
): Promise<void> {
  if (occurrences.length === 0) return;
  await tables(transaction)
    .insertInto('schedules_occurrence')
    .values(occurrences.map(rowOf))
    .onConflict((conflict) => conflict.columns(['schedule', 'due_at']).doNothing())
    .execute();
}

export async function updateOccurrence(
  transaction: Transaction,
  occurrence: OccurrenceRecord,
): Promise<void> {
  const { state, body, at } = rowOf(occurrence);
  await tables(transaction)
    .updateTable('schedules_occurrence')
    .set({ state, body, at })
    .where('schedule', '=', occurrence.schedule)
    .where('due_at', '=', occurrence.dueAt)
    .execute();
}

/** Those that have not ended, oldest first. */
export async function readOpenOccurrences(store: Store): Promise<OccurrenceRecord[]> {
  const rows = await tables(store)
    .selectFrom('schedules_occurrence')
    .selectAll()
    .where('state', 'in', ['due', 'planned'])
    .orderBy('due_at')
    .execute();
  return rows.map(occurrenceOf);
}

/** Newest first, those before a time. */
export async function readOccurrences(
  store: Store,
  schedule: string,
  { before, limit }: { readonly before: number | null; readonly limit: number },
): Promise<OccurrenceRecord[]> {
  let select = tables(store).selectFrom('schedules_occurrence').selectAll().where('schedule', '=', schedule);
  if (before !== null) select = select.where('due_at', '<', before);
  return (await select.orderBy('due_at', 'desc').limit(limit).execute()).map(occurrenceOf);
}

/** Keeps the newest of a schedule; open ones always. */
export async function pruneOccurrences(
  transaction: Transaction,
  schedule: string,
  before: number,
): Promise<void> {
  await tables(transaction)
    .deleteFrom('schedules_occurrence')
    .where('schedule', '=', schedule)
    .where('due_at', '<', before)
    .where('state', 'not in', ['due', 'planned'])
    .execute();
}
