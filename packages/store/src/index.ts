/** The database behind Kysely: embedded SQLite now, PostgreSQL by the same queries. Knows no plugin's table. */
export type { Migration, MigrationSet, Store, Transaction } from './store.ts';
