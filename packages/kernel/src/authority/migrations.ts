import type { MigrationSet } from '@pilothouse/store';

/** Times are milliseconds since the epoch, hence bigint. */
export const authorityMigrations: MigrationSet = {
  owner: 'kernel.authority',
  tablePrefix: 'authority_',
  migrations: [
    {
      id: '0001-create-approvals',
      up: async (db) => {
        await db.schema
          .createTable('authority_approval')
          .addColumn('plan_digest', 'text', (column) => column.notNull())
          .addColumn('person_id', 'text', (column) => column.notNull())
          .addColumn('person', 'text', (column) => column.notNull())
          .addColumn('given_at', 'bigint', (column) => column.notNull())
          .addColumn('comment', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('authority_approval_pk', ['plan_digest', 'person_id'])
          .execute();
        await db.schema
          .createIndex('authority_approval_given')
          .on('authority_approval')
          .columns(['given_at', 'plan_digest', 'person_id'])
          .execute();
        await db.schema
          .createTable('authority_rules')
          .addColumn('name', 'text', (column) => column.primaryKey())
          .addColumn('body', 'text', (column) => column.notNull())
          .addColumn('version', 'integer', (column) => column.notNull())
          .execute();
      },
    },
    {
      id: '0002-create-operator-keys',
      up: async (db) => {
        await db.schema
          .createTable('authority_key')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('public_key', 'text', (column) => column.notNull())
          .addColumn('owner_id', 'text', (column) => column.notNull())
          .addColumn('owner', 'text', (column) => column.notNull())
          .addColumn('name', 'text', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('expires_at', 'bigint', (column) => column.notNull())
          .addColumn('revoked_at', 'bigint')
          .execute();
        await db.schema
          .createIndex('authority_key_owner')
          .on('authority_key')
          .columns(['owner_id', 'id'])
          .execute();
        await db.schema
          .createTable('authority_challenge')
          .addColumn('nonce', 'text', (column) => column.primaryKey())
          .addColumn('owner_id', 'text', (column) => column.notNull())
          .addColumn('expires_at', 'bigint', (column) => column.notNull())
          .execute();
        // `subject` is the digest of a plan or of a mandate's text.
        await db.schema
          .createTable('authority_signature')
          .addColumn('subject', 'text', (column) => column.notNull())
          .addColumn('key_id', 'text', (column) => column.notNull())
          .addColumn('value', 'text', (column) => column.notNull())
          .addColumn('given_at', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('authority_signature_pk', ['subject', 'key_id'])
          .execute();
      },
    },
    {
      id: '0003-create-mandates',
      up: async (db) => {
        await db.schema
          .createTable('authority_mandate')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('body', 'text', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('revoked_at', 'bigint')
          .execute();
        await db.schema
          .createIndex('authority_mandate_created')
          .on('authority_mandate')
          .columns(['created_at', 'id'])
          .execute();
        await db.schema
          .createTable('authority_plan_mandate')
          .addColumn('plan_digest', 'text', (column) => column.primaryKey())
          .addColumn('mandate_id', 'text', (column) => column.notNull())
          .addColumn('used_at', 'bigint', (column) => column.notNull())
          .execute();
      },
    },
  ],
};
