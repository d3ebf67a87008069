import type { Transaction } from './store.ts';

/** What a store says of itself, beside the tables of the rooms. Travels with backups. */
export interface MetaTables {
  store_meta: { name: MetaName; value: string };
}

/**
 * id: which store it is, from its making on. epoch: 1, and one more each time a backup was put in its place. owner: which
 * opening of it by a server was the last; absent in a copy that none has opened. restored: from when the backup is that
 * was last put in its place. settled: the newest epoch that a server has acted upon.
 */
export type MetaName = 'id' | 'epoch' | 'owner' | 'restored' | 'settled';

export async function createMeta(transaction: Transaction, fresh: { readonly id: string }): Promise<void> {
  const db = transaction.as<MetaTables>();
  await db.schema
    .createTable('store_meta')
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
  await db
    .insertInto('store_meta')
    .values([
      { name: 'id', value: fresh.id },
      { name: 'epoch', value: '1' },
    ])
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
}

export async function writeMeta(transaction: Transaction, name: MetaName, value: string): Promise<void> {
  await transaction
    .as<MetaTables>()
    .insertInto('store_meta')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/** Empty for a store that only earlier versions have opened. */
export async function readMeta(
  source: Pick<Transaction, 'as'>,
): Promise<Readonly<Partial<Record<MetaName, string>>>> {
  const tables = await source.as<MetaTables>().introspection.getTables();
  if (!tables.some(({ name }) => name === 'store_meta')) return {};
  const rows = await source.as<MetaTables>().selectFrom('store_meta').selectAll().execute();
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** The age of a store: what a server has to know before it trusts its own memory. */
export interface StoreEpoch {
  readonly number: number;
  /** When the backup was taken that stands in the store's place; null when none ever did. */
  readonly restoredFrom: string | null;
  /** False until a server has acted upon the restore. */
  readonly isSettled: boolean;
}

export async function readEpoch(source: Pick<Transaction, 'as'>): Promise<StoreEpoch> {
  const { epoch, restored, settled } = await readMeta(source);
  const number = Number(epoch ?? 1);
  return { number, restoredFrom: restored ?? null, isSettled: number <= Number(settled ?? 1) };
}

/** The server has acted upon what `readEpoch` said. */
export const settleEpoch = (transaction: Transaction, { number }: StoreEpoch): Promise<void> =>
  writeMeta(transaction, 'settled', String(number));

/** For a store that was put back by other means than ours: what is in it is as of `restoredFrom`. */
export async function beginEpoch(transaction: Transaction, restoredFrom: string): Promise<number> {
  const { number } = await readEpoch(transaction);
  await writeMeta(transaction, 'epoch', String(number + 1));
  await writeMeta(transaction, 'restored', restoredFrom);
  return number + 1;
}
