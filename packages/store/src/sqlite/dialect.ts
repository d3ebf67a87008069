import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { SqlDialect } from '../kysely-over.ts';

export const sqliteDialect: SqlDialect = {
  createAdapter: () => new PipelinedAdapter(),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
};

/**
 * Kysely would send one statement after the other's answer. The thread performs them in order anyway, so they may travel
 * together. (Inheritance because the adapter is a class of Kysely's with many members and we differ in one.)
 */
class PipelinedAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}
