import type { MigrationSet } from '@pilothouse/store';

/** Times are milliseconds since the epoch, hence bigint. */
export const predictionsMigrations: MigrationSet = {
  owner: 'kernel.predictions',
  tablePrefix: 'predictions_',
  migrations: [
    {
      id: '0001-create-tracks',
      up: async (db) => {
        await db.schema
          .createTable('predictions_track')
          .addColumn('action', 'text', (column) => column.notNull())
          .addColumn('schema_digest', 'text', (column) => column.notNull())
          .addColumn('compared', 'integer', (column) => column.notNull())
          .addColumn('matched', 'integer', (column) => column.notNull())
          .addColumn('not_comparable', 'integer', (column) => column.notNull())
          .addPrimaryKeyConstraint('predictions_track_pk', ['action', 'schema_digest'])
          .execute();
        // Runs that were held to their dry run: each counts once, whatever happens in between.
        await db.schema
          .createTable('predictions_compared')
          .addColumn('rollout_id', 'text', (column) => column.primaryKey())
          .addColumn('ended_at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('predictions_compared_ended')
          .on('predictions_compared')
          .column('ended_at')
          .execute();
      },
    },
  ],
};
