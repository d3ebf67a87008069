import type { MigrationSet } from '@pilothouse/store';

/** `events_feed` is one row: cursors are handed out by it, so they have no gaps and their order is the order of commits. */
export const eventsMigrations: MigrationSet = {
  owner: 'kernel.events',
  tablePrefix: 'events_',
  migrations: [
    {
      id: '0001-create-feed',
      up: async (db) => {
        await db.schema
          .createTable('events_event')
          .addColumn('cursor', 'bigint', (column) => column.primaryKey())
          .addColumn('type', 'text', (column) => column.notNull())
          .addColumn('at', 'bigint', (column) => column.notNull())
          .addColumn('host_id', 'text')
          .addColumn('data', 'text', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('events_feed')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('latest', 'bigint', (column) => column.notNull())
          .addColumn('dropped_through', 'bigint', (column) => column.notNull())
          .execute();
      },
    },
  ],
};
