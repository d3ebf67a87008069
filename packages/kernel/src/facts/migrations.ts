import type { MigrationSet } from '@pilothouse/store';
import { sql } from 'kysely';

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
    {
      // Of ten thousand hosts the two indexes took 17 MB of 54: a beginning of a digest finds it as well, and only ends are looked for.
      id: '0002-small-indexes',
      up: async (db) => {
        await db.schema.dropIndex('facts_span_digest').execute();
        await db.schema.dropIndex('facts_span_until').execute();
        await db.schema
          .createIndex('facts_span_beginning')
          .on('facts_span')
          .expression(sql`substr(digest, 1, 6)`)
          .execute();
        await db.schema
          .createIndex('facts_span_ended')
          .on('facts_span')
          .column('until')
          .where('until', 'is not', null)
          .execute();
      },
    },
  ],
};
