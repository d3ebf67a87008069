import type { MigrationSet } from '@pilothouse/store';

export const httpMigrations: MigrationSet = {
  owner: 'kernel.http',
  tablePrefix: 'http_',
  migrations: [
    {
      id: '0001-idempotency',
      async up(db) {
        await db.schema
          .createTable('http_idempotency')
          .addColumn('key_hash', 'text', (column) => column.primaryKey())
          .addColumn('request_hash', 'text', (column) => column.notNull())
          .addColumn('started_at', 'integer', (column) => column.notNull())
          .addColumn('status', 'integer')
          .addColumn('sealed_body', 'text')
          .execute();
        await db.schema
          .createIndex('http_idempotency_started_at')
          .on('http_idempotency')
          .column('started_at')
          .execute();
      },
    },
  ],
};
