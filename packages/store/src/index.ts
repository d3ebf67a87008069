/** The database behind Kysely: embedded SQLite now, PostgreSQL by the same queries. Knows no plugin's table. */
export { type DataDirectoryLock, lockDataDirectory } from './data-directory-lock.ts';
export { openPostgresStore, type PostgresStoreOptions } from './postgres/open-postgres-store.ts';
export { rowChunks } from './row-chunks.ts';
export { openSqliteReader, openSqliteStore, type SqliteStoreOptions } from './sqlite/open-sqlite-store.ts';
export { isUniqueViolation, StatementError } from './statement-error.ts';
export type { Migration, MigrationSet, Store, StoreLog, StoreReader, Transaction } from './store.ts';
export { storeErrors } from './store-errors.ts';
