import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { WorkerResult } from './worker-protocol.ts';

/** Sends one statement to wherever it belongs. */
export type RunStatement = (sql: string, parameters: readonly unknown[]) => Promise<WorkerResult>;

/**
 * Kysely over `run`. Transactions are the store's, never Kysely's own: `db.transaction()` is refused, because it could not
 * be serialised with the others.
 */
export function kyselyOver<Tables>(run: RunStatement): Kysely<Tables> {
  const dialect: Dialect = {
    createAdapter: () => new PipelinedAdapter(),
    createDriver: () => driverOver(run),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return new Kysely<Tables>({ dialect });
}

/**
 * Kysely would send one statement after the other's answer. The thread performs them in order anyway, so they may travel
 * together. (Inheritance because the adapter is a class of Kysely's with many members and we differ in one.)
 */
class PipelinedAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function driverOver(run: RunStatement): Driver {
  const connection = connectionOver(run);
  const refuse = async (): Promise<never> => {
    throw new Error('begin transactions with Store.transaction');
  };
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: async () => {},
    destroy: async () => {},
  };
}

function connectionOver(run: RunStatement): DatabaseConnection {
  return {
    async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows, changes, lastId } = await run(query.sql, query.parameters);
      // The row type is what the query builder derived from the tables the caller declared.
      const typed = rows as Row[];
      if (changes === null || lastId === null) return { rows: typed };
      return { rows: typed, numAffectedRows: BigInt(changes), insertId: BigInt(lastId) };
    },
    streamQuery() {
      throw new Error('read long results in pages by key: a stream would hold the connection');
    },
  };
}
