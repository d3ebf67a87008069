import type { MigrationSet } from '@pilothouse/store';

export const notificationsMigrations: MigrationSet = {
  owner: 'kernel.notifications',
  tablePrefix: 'notifications_',
  migrations: [
    {
      id: '0001-create-channels',
      up: async (db) => {
        await db.schema
          .createTable('notifications_channel')
          .addColumn('name', 'text', (column) => column.primaryKey())
          .addColumn('body', 'text', (column) => column.notNull())
          .addColumn('sealed', 'text', (column) => column.notNull())
          .addColumn('version', 'integer', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('notifications_delivery')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('channel', 'text', (column) => column.notNull())
          .addColumn('body', 'text', (column) => column.notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('attempts', 'integer', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('next_at', 'bigint')
          .addColumn('ended_at', 'bigint')
          .addColumn('error', 'text')
          .execute();
        await db.schema
          .createIndex('notifications_delivery_due')
          .on('notifications_delivery')
          .columns(['state', 'next_at'])
          .execute();
      },
    },
  ],
};
