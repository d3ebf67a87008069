import type { MigrationSet } from '@pilothouse/store';

export const machinesMigrations: MigrationSet = {
  owner: 'kernel.machines',
  tablePrefix: 'machines_',
  migrations: [
    {
      id: '0001-leader-and-sealed-keys',
      async up(db) {
        await db.schema
          .createTable('machines_leader')
          .addColumn('name', 'text', (column) => column.primaryKey())
          .addColumn('address', 'text', (column) => column.notNull())
          .addColumn('term', 'bigint', (column) => column.notNull())
          .addColumn('since', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('machines_key')
          .addColumn('name', 'text', (column) => column.primaryKey())
          .addColumn('sealed', 'text', (column) => column.notNull())
          .addColumn('changed_at', 'bigint', (column) => column.notNull())
          .execute();
      },
    },
  ],
};
