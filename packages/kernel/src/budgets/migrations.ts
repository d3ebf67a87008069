import type { MigrationSet } from '@pilothouse/store';

export const budgetsMigrations: MigrationSet = {
  owner: 'kernel.budgets',
  tablePrefix: 'budgets_',
  migrations: [
    {
      id: '0001-create-budgets',
      up: async (db) => {
        await db.schema
          .createTable('budgets_budget')
          .addColumn('name', 'text', (column) => column.primaryKey())
          .addColumn('body', 'text', (column) => column.notNull())
          .addColumn('version', 'integer', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('budgets_lease')
          .addColumn('task_id', 'text', (column) => column.primaryKey())
          .addColumn('rollout_id', 'text', (column) => column.notNull())
          .addColumn('host_id', 'text', (column) => column.notNull())
          .addColumn('interrupts', 'text', (column) => column.notNull())
          .addColumn('since', 'bigint', (column) => column.notNull())
          .addColumn('ended_at', 'bigint')
          .execute();
        await db.schema
          .createTable('budgets_failing')
          .addColumn('host_id', 'text', (column) => column.notNull())
          .addColumn('source', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('budgets_failing_pk', ['host_id', 'source'])
          .execute();
      },
    },
  ],
};
