import type { MigrationSet } from '@pilothouse/store';

/** Times are milliseconds since the epoch, hence bigint. */
export const plansMigrations: MigrationSet = {
  owner: 'kernel.plans',
  tablePrefix: 'plans_',
  migrations: [
    {
      id: '0001-create-plans',
      up: async (db) => {
        await db.schema
          .createTable('plans_plan')
          .addColumn('digest', 'text', (column) => column.primaryKey())
          .addColumn('header', 'text', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('plans_plan_created')
          .on('plans_plan')
          .columns(['created_at', 'digest'])
          .execute();
        // zstd of canonical JSON. SQLite takes any type name; PostgreSQL has no other for bytes.
        await db.schema
          .createTable('plans_content')
          .addColumn('digest', 'text', (column) => column.primaryKey())
          .addColumn('body', 'bytea', (column) => column.notNull())
          .addColumn('size_bytes', 'integer', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('plans_plan_content')
          .addColumn('plan_digest', 'text', (column) => column.notNull())
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('position', 'integer', (column) => column.notNull())
          .addColumn('content_digest', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('plans_plan_content_pk', ['plan_digest', 'kind', 'position'])
          .execute();
        await db.schema
          .createIndex('plans_plan_content_used')
          .on('plans_plan_content')
          .column('content_digest')
          .execute();
      },
    },
    {
      id: '0002-create-offered-actions',
      up: async (db) => {
        await db.schema
          .createTable('plans_offered')
          .addColumn('digest', 'text', (column) => column.primaryKey())
          .addColumn('body', 'text', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('plans_host_offered')
          .addColumn('host_id', 'text', (column) => column.primaryKey())
          .addColumn('digest', 'text', (column) => column.notNull())
          .execute();
      },
    },
    {
      // No table changes: a program that does not know this could not read the short contents and outputs of later ones.
      id: '0003-short-texts-unpacked',
      up: async () => {},
    },
  ],
};
