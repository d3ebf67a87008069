import type { MigrationSet } from '@pilothouse/store';

export const calendarMigrations: MigrationSet = {
  owner: 'kernel.calendar',
  tablePrefix: 'calendar_',
  migrations: [
    {
      id: '0001-create-rules',
      up: async (db) => {
        await db.schema
          .createTable('calendar_rule')
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('name', 'text', (column) => column.notNull())
          .addColumn('body', 'text', (column) => column.notNull())
          .addColumn('version', 'integer', (column) => column.notNull())
          .addPrimaryKeyConstraint('calendar_rule_pk', ['kind', 'name'])
          .execute();
      },
    },
  ],
};
