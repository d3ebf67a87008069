import type { Transaction } from './store.ts';

/** What a store says of itself, beside the tables of the rooms. Travels with backups. */
export interface MetaTables {
  store_meta: { name: MetaName; value: string };
}

/**
 * id: which store it is, from its making on. epoch: 1, and one more each time a backup was put in its place. owner: which
 * opening of it by a server was the last; absent in a copy that none has opened. restored: from when the backup is that
 * was put in its place, until the server has acted upon it.
 */
export type MetaName = 'id' | 'epoch' | 'owner' | 'restored';

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

/** From when the backup is that was put in this store's place; null once the server has acted upon it. */
export async function readRestored(source: Pick<Transaction, 'as'>): Promise<string | null> {
  return (await readMeta(source)).restored ?? null;
}

export async function forgetRestored(transaction: Transaction): Promise<void> {
  await transaction.as<MetaTables>().deleteFrom('store_meta').where('name', '=', 'restored').execute();
}
