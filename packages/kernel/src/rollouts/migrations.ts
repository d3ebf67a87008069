import type { MigrationSet } from '@pilothouse/store';

/** Times are milliseconds since the epoch, hence bigint; documents are JSON text. */
export const rolloutsMigrations: MigrationSet = {
  owner: 'kernel.rollouts',
  tablePrefix: 'rollouts_',
  migrations: [
    {
      id: '0001-create-rollouts',
      up: async (db) => {
        await db.schema
          .createTable('rollouts_rollout')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('plan_digest', 'text', (column) => column.notNull())
          // The plan's digest for a run, the rollout's id for a dry run: a plan is run once.
          .addColumn('run_key', 'text', (column) => column.notNull().unique())
          .addColumn('fixed', 'text', (column) => column.notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('head', 'text', (column) => column.notNull())
          .addColumn('revision', 'integer', (column) => column.notNull())
          .addColumn('ended_at', 'bigint')
          .execute();
        await db.schema
          .createIndex('rollouts_rollout_plan')
          .on('rollouts_rollout')
          .column('plan_digest')
          .execute();
        await db.schema
          .createIndex('rollouts_rollout_ended')
          .on('rollouts_rollout')
          .column('ended_at')
          .execute();
        await db.schema
          .createTable('rollouts_change')
          .addColumn('rollout_id', 'text', (column) => column.notNull())
          .addColumn('sequence', 'integer', (column) => column.notNull())
          .addColumn('body', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('rollouts_change_pk', ['rollout_id', 'sequence'])
          .execute();
      },
    },
    {
      id: '0002-create-results',
      up: async (db) => {
        await db.schema
          .createTable('rollouts_task')
          .addColumn('rollout_id', 'text', (column) => column.notNull())
          .addColumn('step_index', 'integer', (column) => column.notNull())
          .addColumn('host_id', 'text', (column) => column.notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('attempt', 'integer', (column) => column.notNull())
          .addColumn('ended_at', 'bigint', (column) => column.notNull())
          .addColumn('group_key', 'text', (column) => column.notNull())
          .addColumn('output_digest', 'text')
          .addColumn('body', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('rollouts_task_pk', ['rollout_id', 'step_index'])
          .execute();
        await db.schema
          .createIndex('rollouts_task_host')
          .on('rollouts_task')
          .columns(['host_id', 'ended_at'])
          .execute();
        await db.schema
          .createIndex('rollouts_task_output')
          .on('rollouts_task')
          .column('output_digest')
          .execute();
        // zstd of the canonical JSON of an OutputBody. SQLite takes any type name; PostgreSQL has no other for bytes.
        await db.schema
          .createTable('rollouts_output')
          .addColumn('digest', 'text', (column) => column.primaryKey())
          .addColumn('body', 'bytea', (column) => column.notNull())
          .addColumn('size_bytes', 'integer', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .execute();
      },
    },
    {
      id: '0003-create-stops',
      up: async (db) => {
        await db.schema
          .createTable('rollouts_stop')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('selector', 'text')
          .addColumn('host_ids', 'text')
          .addColumn('end_running', 'integer', (column) => column.notNull())
          .addColumn('reason', 'text', (column) => column.notNull())
          .addColumn('created_by', 'text', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('cleared_by', 'text')
          .addColumn('cleared_at', 'bigint')
          .execute();
      },
    },
  ],
};
