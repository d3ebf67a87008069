import {
  ColumnDefinitionNode,
  type ColumnMetadata,
  type DatabaseIntrospector,
  type DataTypeNode,
  type Kysely,
  PostgresAdapter,
  PostgresQueryCompiler,
  sql,
} from 'kysely';
import type { SqlDialect } from '../kysely-over.ts';

export const postgresDialect: SqlDialect = {
  createAdapter: () => new PostgresAdapter(),
  createIntrospector: ownSchemaIntrospector,
  createQueryCompiler: () => new OneMeaningCompiler(),
};

/**
 * Makes the migrations mean what they mean on SQLite: an `integer` has 64 bits, and text is ordered and compared by its
 * bytes whatever the locale of the database, because cursors, ranges and digests are built on that order. (Inheritance
 * because the compiler is a class of Kysely's, made to be refined like this.)
 */
class OneMeaningCompiler extends PostgresQueryCompiler {
  protected override visitDataType(node: DataTypeNode): void {
    // A cast names a type too, and takes no collation.
    const isColumn = this.parentNode !== undefined && ColumnDefinitionNode.is(this.parentNode);
    if (isColumn && node.dataType === 'text') this.append('text collate "C"');
    else if (isColumn && node.dataType === 'integer') this.append('bigint');
    else super.visitDataType(node);
  }
}

interface FoundColumn {
  readonly table_name: string;
  readonly column_name: string;
  readonly type_name: string;
  readonly not_null: number;
  readonly has_default: number;
}

/** Only the schema that our tables are made in: others in the same database are none of our business. */
function ownSchemaIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
  return {
    getSchemas: async () => [],
    async getTables() {
      const { rows } = await sql<FoundColumn>`
        SELECT c.relname::text AS table_name, a.attname::text AS column_name, t.typname::text AS type_name,
          a.attnotnull AS not_null, a.atthasdef AS has_default
        FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid JOIN pg_type t ON a.atttypid = t.oid
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
          AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY c.relname, a.attnum`.execute(db);
      return [...Map.groupBy(rows, (row) => row.table_name)].map(([name, columns]) => ({
        name,
        isView: false,
        isForeign: false,
        columns: columns.map(columnOf),
      }));
    },
  };
}

const columnOf = (row: FoundColumn): ColumnMetadata => ({
  name: row.column_name,
  dataType: row.type_name,
  isAutoIncrementing: false,
  isNullable: row.not_null === 0,
  hasDefaultValue: row.has_default === 1,
});
