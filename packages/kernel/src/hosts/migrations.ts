import type { MigrationSet } from '@pilothouse/store';

/** Times are milliseconds since the epoch, hence bigint; documents are JSON text, parsed by `store.ts`. */
export const hostsMigrations: MigrationSet = {
  owner: 'kernel.hosts',
  tablePrefix: 'hosts_',
  migrations: [
    {
      id: '0001-create-hosts',
      up: async (db) => {
        await db.schema
          .createTable('hosts_host')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('name', 'text', (column) => column.notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('machine_id', 'text', (column) => column.notNull())
          .addColumn('maintenance', 'text')
          .addColumn('quarantine', 'text')
          .addColumn('first_seen', 'bigint', (column) => column.notNull())
          .addColumn('version', 'integer', (column) => column.notNull())
          .execute();
        await db.schema.createIndex('hosts_host_name').on('hosts_host').column('name').execute();
        await db.schema
          .createTable('hosts_label')
          .addColumn('host_id', 'text', (column) => column.notNull())
          .addColumn('key', 'text', (column) => column.notNull())
          .addColumn('value', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('hosts_label_pk', ['host_id', 'key'])
          .execute();
      },
    },
    {
      id: '0002-create-presence',
      up: async (db) => {
        await db.schema
          .createTable('hosts_presence')
          .addColumn('host_id', 'text', (column) => column.primaryKey())
          .addColumn('is_online', 'integer', (column) => column.notNull())
          .addColumn('since', 'bigint', (column) => column.notNull())
          .addColumn('last_seen', 'bigint')
          .addColumn('address', 'text')
          .addColumn('arch', 'text')
          .addColumn('agent_version', 'text')
          .addColumn('boot_id', 'text')
          .execute();
      },
    },
    {
      id: '0003-create-groups',
      up: async (db) => {
        await db.schema
          .createTable('hosts_group')
          .addColumn('path', 'text', (column) => column.primaryKey())
          .addColumn('description', 'text', (column) => column.notNull())
          .addColumn('selector', 'text')
          .addColumn('version', 'integer', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('hosts_group_member')
          .addColumn('path', 'text', (column) => column.notNull())
          .addColumn('host_id', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('hosts_group_member_pk', ['path', 'host_id'])
          .execute();
        await db.schema
          .createIndex('hosts_group_member_host')
          .on('hosts_group_member')
          .column('host_id')
          .execute();
      },
    },
  ],
};
