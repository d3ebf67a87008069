import type { MigrationSet } from '@pilothouse/store';

export const schedulesMigrations: MigrationSet = {
  owner: 'kernel.schedules',
  tablePrefix: 'schedules_',
  migrations: [
    {
      id: '0001-create-schedules',
      up: async (db) => {
        await db.schema
          .createTable('schedules_schedule')
          .addColumn('name', 'text', (column) => column.primaryKey())
          .addColumn('body', 'text', (column) => column.notNull())
          .addColumn('next_at', 'bigint')
          .addColumn('version', 'integer', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('schedules_occurrence')
          .addColumn('schedule', 'text', (column) => column.notNull())
          .addColumn('due_at', 'bigint', (column) => column.notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('body', 'text', (column) => column.notNull())
          .addColumn('at', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('schedules_occurrence_pk', ['schedule', 'due_at'])
          .execute();
        await db.schema
          .createIndex('schedules_occurrence_state')
          .on('schedules_occurrence')
          .column('state')
          .execute();
      },
    },
  ],
};
