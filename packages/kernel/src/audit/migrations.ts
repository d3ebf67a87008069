import type { MigrationSet } from '@pilothouse/store';

/** Times stay the text that was hashed. */
export const auditMigrations: MigrationSet = {
  owner: 'kernel.audit',
  tablePrefix: 'audit_',
  migrations: [
    {
      id: '0001-create-chain',
      up: async (db) => {
        await db.schema
          .createTable('audit_record')
          .addColumn('sequence', 'bigint', (column) => column.primaryKey())
          .addColumn('at', 'text', (column) => column.notNull())
          .addColumn('actor_kind', 'text', (column) => column.notNull())
          .addColumn('actor_id', 'text', (column) => column.notNull())
          .addColumn('actor_name', 'text', (column) => column.notNull())
          .addColumn('action', 'text', (column) => column.notNull())
          .addColumn('subject', 'text', (column) => column.notNull())
          .addColumn('details', 'text', (column) => column.notNull())
          .addColumn('request_id', 'text')
          .addColumn('previous', 'text', (column) => column.notNull())
          .addColumn('hash', 'text', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('audit_record_action')
          .on('audit_record')
          .columns(['action', 'sequence'])
          .execute();
        await db.schema
          .createIndex('audit_record_subject')
          .on('audit_record')
          .columns(['subject', 'sequence'])
          .execute();
        await db.schema
          .createTable('audit_checkpoint')
          .addColumn('sequence', 'bigint', (column) => column.primaryKey())
          .addColumn('hash', 'text', (column) => column.notNull())
          .addColumn('at', 'text', (column) => column.notNull())
          .addColumn('key_id', 'text', (column) => column.notNull())
          .addColumn('signature', 'text', (column) => column.notNull())
          .execute();
      },
    },
  ],
};
