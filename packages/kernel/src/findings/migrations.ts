import type { MigrationSet } from '@pilothouse/store';

/** `host_id` is empty for what concerns no single host, so that the three names of a finding can be unique together. */
export const findingsMigrations: MigrationSet = {
  owner: 'kernel.findings',
  tablePrefix: 'findings_',
  migrations: [
    {
      id: '0001-create-findings',
      up: async (db) => {
        await db.schema
          .createTable('findings_finding')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('host_id', 'text', (column) => column.notNull())
          .addColumn('key', 'text', (column) => column.notNull())
          .addColumn('severity_rank', 'integer', (column) => column.notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('evidence', 'text', (column) => column.notNull())
          .addColumn('first_seen', 'bigint', (column) => column.notNull())
          .addColumn('last_seen', 'bigint', (column) => column.notNull())
          .addColumn('resolved_at', 'bigint')
          .addColumn('acknowledged_by', 'text')
          .addColumn('acknowledged_at', 'bigint')
          .addColumn('acknowledged_reason', 'text')
          .addColumn('acknowledged_until', 'bigint')
          .addColumn('version', 'integer', (column) => column.notNull())
          .addUniqueConstraint('findings_finding_name', ['host_id', 'kind', 'key'])
          .execute();
        await db.schema
          .createIndex('findings_finding_order')
          .on('findings_finding')
          .columns(['state', 'severity_rank', 'id'])
          .execute();
      },
    },
  ],
};
