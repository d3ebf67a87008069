import type { Transaction } from './store.ts';

/** What a store says of itself, beside the tables of the rooms. Travels with backups. */
export interface MetaTables {
  store_meta: { name: MetaName; value: string };
}

/**
 * id: which store it is, from its making on. epoch: 1, and one more each time a backup was put in its place. owner: which
 * opening of it by a server was the last.
 */
export type MetaName = 'id' | 'epoch' | 'owner';

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

export async function readMeta(
  source: Pick<Transaction, 'as'>,
): Promise<Readonly<Partial<Record<MetaName, string>>>> {
  const rows = await source.as<MetaTables>().selectFrom('store_meta').selectAll().execute();
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
