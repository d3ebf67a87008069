import { type Clock, systemClock } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { Kysely } from 'kysely';
import type { MigrationSet, Transaction } from './store.ts';
import { createMeta, writeMeta } from './store-meta.ts';

interface MigrationTables {
  store_migration: { owner: string; id: string; at: number };
}

const MIGRATION_ID = /^\d{4}-[a-z0-9]+(-[a-z0-9]+)*$/;

export interface MigrateOptions {
  readonly clock?: Clock;
  /** Of a store that is made now. */
  readonly newId: () => string;
  /** Which opening of the store this is. */
  readonly owner: string;
}

/**
 * Brings every owner's tables to what this program knows, forward only, in the caller's one transaction. Owners that the
 * store knows and the program does not are plugins that are not installed: their tables rest. A change that an owner's own
 * code does not know means that a newer version wrote the store: AppError STORE_NEWER, before anything is touched.
 */
export async function migrate(
  transaction: Transaction,
  sets: readonly MigrationSet[],
  options: MigrateOptions,
): Promise<void> {
  const { clock = systemClock } = options;
  const db = transaction.as<MigrationTables>();
  await db.schema
    .createTable('store_migration')
    .ifNotExists()
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('store_migration_pk', ['owner', 'id'])
    .execute();
  const applied = await db.selectFrom('store_migration').select(['owner', 'id']).execute();
  const pending = sets.map((set) => ({ set, migrations: pendingOf(set, applied) }));
  for (const { set, migrations } of pending) {
    if (migrations.length === 0) continue;
    const before = await tableNames(db);
    for (const migration of migrations) {
      await migration.up(transaction.as<never>());
      await db
        .insertInto('store_migration')
        .values({ owner: set.owner, id: migration.id, at: clock.now() })
        .execute();
    }
    refuseForeignTables(set, before, await tableNames(db));
  }
  await createMeta(transaction, { id: options.newId() });
  await writeMeta(transaction, 'owner', options.owner);
}

/**
 * What the next start would apply, in its order, without touching anything. AppError STORE_NEWER as the start would. A
 * store that no server has opened lacks everything.
 */
export async function pendingMigrations(
  source: Pick<Transaction, 'as'>,
  sets: readonly MigrationSet[],
): Promise<{ owner: string; id: string }[]> {
  const db = source.as<MigrationTables>();
  const isNew = !(await tableNames(db)).has('store_migration');
  const applied = isNew ? [] : await db.selectFrom('store_migration').select(['owner', 'id']).execute();
  return sets.flatMap((set) => pendingOf(set, applied).map(({ id }) => ({ owner: set.owner, id })));
}

function pendingOf(set: MigrationSet, applied: readonly { owner: string; id: string }[]) {
  const known = set.migrations.map(({ id }) => id);
  const isInOrder = known.every((id, i) => MIGRATION_ID.test(id) && (i === 0 || (known[i - 1] ?? '') < id));
  if (!isInOrder) throw new Error(`migrations of ${set.owner} are not in order: ${known.join(', ')}`);
  const done = new Set<string>();
  for (const { owner, id } of applied) {
    if (owner !== set.owner) continue;
    if (!known.includes(id)) throw new AppError('STORE_NEWER', { owner, id });
    done.add(id);
  }
  return set.migrations.filter(({ id }) => !done.has(id));
}

async function tableNames(db: Kysely<MigrationTables>): Promise<Set<string>> {
  const tables = await db.introspection.getTables();
  return new Set(tables.map(({ name }) => name));
}

function refuseForeignTables(
  set: MigrationSet,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): void {
  for (const name of after) {
    if (before.has(name) || name.startsWith(set.tablePrefix)) continue;
    throw new Error(`${set.owner} made table ${name}, but its tables begin with ${set.tablePrefix}`);
  }
}
