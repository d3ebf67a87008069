import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type DialectAdapter,
  type Driver,
  Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import type { RunStatement } from './statement.ts';
import { storableParameters } from './storable-text.ts';

/** How an engine's SQL differs from another's. */
export interface SqlDialect {
  createAdapter(): DialectAdapter;
  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector;
  createQueryCompiler(): QueryCompiler;
}

/**
 * Kysely over `run`. Transactions are the store's, never Kysely's own: `db.transaction()` is refused, because it could not
 * be serialised with the others.
 */
export function kyselyOver(dialect: SqlDialect, run: RunStatement): Kysely<unknown> {
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => dialect.createAdapter(),
      createDriver: () => driverOver(run),
      createIntrospector: (db) => dialect.createIntrospector(db),
      createQueryCompiler: () => dialect.createQueryCompiler(),
    },
  });
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
      const { rows, changes, lastId } = await run(query.sql, storableParameters(query.parameters));
      // The row type is what the query builder derived from the tables the caller declared.
      const typed = rows as Row[];
      return {
        rows: typed,
        ...(changes === null ? {} : { numAffectedRows: BigInt(changes) }),
        ...(lastId === null ? {} : { insertId: BigInt(lastId) }),
      };
    },
    streamQuery() {
      throw new Error('read long results in pages by key: a stream would hold the connection');
    },
  };
}
