/** The database behind Kysely: embedded SQLite or PostgreSQL, by the same queries. Knows no plugin's table. */
export { type CopyFile, type CopySummary } from './copy/copy-lines.ts';
export { backUpStore, type CopyContext, moveStore, restoreStore } from './copy/copy-store.ts';
export { type DataDirectoryLock, lockDataDirectory } from './data-directory-lock.ts';
export { insertRows } from './insert-rows.ts';
export { pendingMigrations } from './migrate.ts';
export { openStore, openStoreReader, type StoreLocation } from './open-store.ts';
export { placeOf } from './postgres/place.ts';
export { standBy } from './postgres/stand-by.ts';
export { rowChunks } from './row-chunks.ts';
export { openSqliteStore, type SqliteStoreOptions } from './sqlite/open-sqlite-store.ts';
export { isUniqueViolation, StatementError } from './statement-error.ts';
export { storableText } from './storable-text.ts';
export type { Migration, MigrationSet, Store, StoreLog, StoreReader, Transaction } from './store.ts';
export { storeErrors } from './store-errors.ts';
export { beginEpoch, readEpoch, type StoreEpoch, settleEpoch } from './store-meta.ts';
