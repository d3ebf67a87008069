import { AppError } from '@pilothouse/contract';
import type { Store, Transaction } from '../store.ts';
import { tableShapes } from './table-shape.ts';

export interface ClearOptions {
  readonly engine: Store['engine'];
  readonly prefixes: readonly string[];
  readonly mayReplace: () => Promise<boolean>;
}

/**
 * Drops every table of a store, in the caller's transaction. An empty one is left as it is. AppError STORE_NOT_EMPTY, also
 * for tables that none of the `prefixes` names: somebody else's are not ours to drop, whatever was allowed.
 */
export async function clearStore(
  transaction: Transaction,
  { engine, prefixes, mayReplace }: ClearOptions,
): Promise<void> {
  const db = transaction.as<unknown>();
  const tables = await db.introspection.getTables();
  if (tables.length === 0) return;
  const isOurs = tables.every(({ name }) =>
    [...prefixes, 'store_'].some((prefix) => name.startsWith(prefix)),
  );
  const isStore = tables.some(({ name }) => name === 'store_meta');
  if (!isOurs || !isStore || !(await mayReplace()))
    throw new AppError('STORE_NOT_EMPTY', {
      what: tables
        .map(({ name }) => name)
        .slice(0, 3)
        .join(', '),
    });
  for (const { name } of await tableShapes(transaction, engine)) await db.schema.dropTable(name).execute();
  await db.schema.dropTable('store_migration').execute();
  await db.schema.dropTable('store_meta').execute();
}
