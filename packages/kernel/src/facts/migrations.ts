import type { MigrationSet } from '@pilothouse/store';

/** Bodies are text (see body-text.ts), which goes the same way through every engine. */
export const factsMigrations: MigrationSet = {
  owner: 'kernel.facts',
  tablePrefix: 'facts_',
  migrations: [
    {
      id: '0001-create-facts',
      up: async (db) => {
        await db.schema
          .createTable('facts_body')
          .addColumn('digest', 'text', (column) => column.notNull())
          .addColumn('fact', 'text', (column) => column.notNull())
          .addColumn('size_bytes', 'integer', (column) => column.notNull())
          .addColumn('body', 'text', (column) => column.notNull())
          .addColumn('stored_at', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('facts_body_pk', ['digest', 'fact'])
          .execute();
        await db.schema
          .createTable('facts_span')
          .addColumn('host_id', 'text', (column) => column.notNull())
          .addColumn('fact', 'text', (column) => column.notNull())
          .addColumn('since', 'bigint', (column) => column.notNull())
          .addColumn('until', 'bigint')
          .addColumn('seen_at', 'bigint', (column) => column.notNull())
          .addColumn('digest', 'text')
          .addColumn('report', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('facts_span_pk', ['host_id', 'fact', 'since'])
          .execute();
        await db.schema.createIndex('facts_span_digest').on('facts_span').column('digest').execute();
        await db.schema.createIndex('facts_span_until').on('facts_span').column('until').execute();
      },
    },
  ],
};
