import { type Kysely, sql } from 'kysely';
import type { Store, Transaction } from '../store.ts';

export type ColumnKind = 'text' | 'integer' | 'bytes';

/** A table as both engines have it. Columns in the order of their names, so that the order of changes does not matter. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly kind: ColumnKind }[];
  /** Names of the primary key's columns, in its order. */
  readonly key: readonly string[];
}

interface FoundColumn {
  readonly table_name: string;
  readonly column_name: string;
  readonly type_name: string;
  /** Place in the primary key from 1 on; 0 when it is no part of it. */
  readonly key_place: number;
}

const KINDS: ReadonlyMap<string, ColumnKind> = new Map([
  ['text', 'text'],
  ['integer', 'integer'],
  ['bigint', 'integer'],
  ['int4', 'integer'],
  ['int8', 'integer'],
  ['blob', 'bytes'],
  ['bytea', 'bytes'],
]);

/** What every copy says by itself, in its first line. */
const OWN_TABLES = new Set(['store_migration', 'store_meta']);

/** Every table that rooms and plugins have made, by name. */
export async function tableShapes(
  source: Pick<Transaction, 'as'>,
  engine: Store['engine'],
): Promise<TableShape[]> {
  const db = source.as<unknown>();
  const found = engine === 'sqlite' ? await sqliteColumns(db) : await postgresColumns(db);
  return [...Map.groupBy(found, (column) => column.table_name)]
    .filter(([name]) => !OWN_TABLES.has(name))
    .map(([name, columns]) => shapeOf(name, columns));
}

function shapeOf(name: string, found: readonly FoundColumn[]): TableShape {
  const columns = found.map(({ column_name, type_name }) => {
    const kind = KINDS.get(type_name.toLowerCase());
    if (kind === undefined)
      throw new Error(`${name}.${column_name} is ${type_name}, which not every engine has`);
    return { name: column_name, kind };
  });
  const key = found.filter((column) => column.key_place > 0).sort((a, b) => a.key_place - b.key_place);
  if (key.length === 0) throw new Error(`${name} has no primary key, so its rows have no order`);
  return {
    name,
    columns: columns.sort((a, b) => (a.name < b.name ? -1 : 1)),
    key: key.map((column) => column.column_name),
  };
}

async function sqliteColumns(db: Kysely<unknown>): Promise<readonly FoundColumn[]> {
  const { rows } = await sql<FoundColumn>`
    SELECT t.name AS table_name, c.name AS column_name, c.type AS type_name, c.pk AS key_place
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND substr(t.name, 1, 7) <> 'sqlite_' ORDER BY t.name, c.cid`.execute(db);
  return rows;
}

async function postgresColumns(db: Kysely<unknown>): Promise<readonly FoundColumn[]> {
  const { rows } = await sql<FoundColumn>`
    SELECT t.relname::text AS table_name, a.attname::text AS column_name, ty.typname::text AS type_name,
      coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0) AS key_place
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid JOIN pg_type ty ON ty.oid = a.atttypid
      LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary
    WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY t.relname, a.attnum`.execute(db);
  return rows;
}
