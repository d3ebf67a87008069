import { Budget } from '@pilothouse/contract';
import { rowChunks, type Store, type Transaction } from '@pilothouse/store';

interface BudgetsTables {
  budgets_budget: { name: string; body: string; version: number };
  budgets_lease: {
    task_id: string;
    rollout_id: string;
    host_id: string;
    interrupts: string;
    since: number;
    ended_at: number | null;
  };
  budgets_failing: { host_id: string; source: string };
}

/** SQLite and PostgreSQL both bound the parameters of one statement. */
const KEYS_PER_STATEMENT = 500;

/** A lease as it is kept. Times are milliseconds since the epoch. */
export interface LeaseRow {
  readonly taskId: string;
  readonly rolloutId: string;
  readonly hostId: string;
  readonly interrupts: 'service' | 'host';
  readonly since: number;
  readonly endedAt: number | null;
}

export interface FailingRow {
  readonly hostId: string;
  readonly source: string;
}

const Body = Budget.omit({ name: true, etag: true });

export async function readBudgets(store: Store): Promise<Budget[]> {
  const rows = await store
    .as<BudgetsTables>()
    .selectFrom('budgets_budget')
    .selectAll()
    .orderBy('name')
    .execute();
  return rows.map(({ name, body, version }) => ({
    ...Body.parse(JSON.parse(body)),
    name,
    etag: String(version),
  }));
}

export async function writeBudget(transaction: Transaction, { name, etag, ...body }: Budget): Promise<void> {
  const row = { body: JSON.stringify(body), version: Number(etag) };
  await transaction
    .as<BudgetsTables>()
    .insertInto('budgets_budget')
    .values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}

export async function deleteBudget(transaction: Transaction, name: string): Promise<void> {
  await transaction.as<BudgetsTables>().deleteFrom('budgets_budget').where('name', '=', name).execute();
}

export async function readLeases(store: Store): Promise<LeaseRow[]> {
  const rows = await store
    .as<BudgetsTables>()
    .selectFrom('budgets_lease')
    .selectAll()
    .orderBy('task_id')
    .execute();
  return rows.map((row) => ({
    taskId: row.task_id,
    rolloutId: row.rollout_id,
    hostId: row.host_id,
    interrupts: row.interrupts === 'host' ? 'host' : 'service',
    since: Number(row.since),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
  }));
}

export async function writeLeases(transaction: Transaction, leases: readonly LeaseRow[]): Promise<void> {
  const rows = leases.map((lease) => ({
    task_id: lease.taskId,
    rollout_id: lease.rolloutId,
    host_id: lease.hostId,
    interrupts: lease.interrupts,
    since: lease.since,
    ended_at: lease.endedAt,
  }));
  for (const chunk of rowChunks(rows))
    await transaction
      .as<BudgetsTables>()
      .insertInto('budgets_lease')
      .values([...chunk])
      .onConflict((conflict) =>
        conflict.column('task_id').doUpdateSet((row) => ({ ended_at: row.ref('excluded.ended_at') })),
      )
      .execute();
}

export async function deleteLeases(transaction: Transaction, taskIds: readonly string[]): Promise<void> {
  for (let start = 0; start < taskIds.length; start += KEYS_PER_STATEMENT)
    await transaction
      .as<BudgetsTables>()
      .deleteFrom('budgets_lease')
      .where('task_id', 'in', taskIds.slice(start, start + KEYS_PER_STATEMENT))
      .execute();
}

export async function readFailing(store: Store): Promise<FailingRow[]> {
  const rows = await store.as<BudgetsTables>().selectFrom('budgets_failing').selectAll().execute();
  return rows.map(({ host_id, source }) => ({ hostId: host_id, source }));
}

export async function writeFailing(transaction: Transaction, failing: readonly FailingRow[]): Promise<void> {
  const rows = failing.map(({ hostId, source }) => ({ host_id: hostId, source }));
  for (const chunk of rowChunks(rows))
    await transaction
      .as<BudgetsTables>()
      .insertInto('budgets_failing')
      .values([...chunk])
      .onConflict((conflict) => conflict.columns(['host_id', 'source']).doNothing())
      .execute();
}

export async function deleteFailing(transaction: Transaction, over: readonly FailingRow[]): Promise<void> {
  // One by one: a probe that is well again is rare, and a list of pairs is not portable.
  for (const { hostId, source } of over)
    await transaction
      .as<BudgetsTables>()
      .deleteFrom('budgets_failing')
      .where('host_id', '=', hostId)
      .where('source', '=', source)
      .execute();
}
