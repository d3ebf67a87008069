import type { MigrationSet } from '@pilothouse/store';

export const commandsMigrations: MigrationSet = {
  owner: 'plugin.commands',
  tablePrefix: 'commands_',
  migrations: [
    {
      id: '0001-script-library',
      async up(db) {
        await db.schema
          .createTable('commands_script')
          .addColumn('name', 'text', (column) => column.primaryKey())
          .addColumn('created_at', 'integer', (column) => column.notNull())
          .addColumn('updated_at', 'integer', (column) => column.notNull())
          .addColumn('latest_version', 'integer', (column) => column.notNull())
          .addColumn('published_version', 'integer')
          .execute();
        await db.schema
          .createTable('commands_script_version')
          .addColumn('script_name', 'text', (column) => column.notNull())
          .addColumn('version', 'integer', (column) => column.notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('content', 'text', (column) => column.notNull())
          .addColumn('text_digest', 'text', (column) => column.notNull())
          .addColumn('created_by', 'text', (column) => column.notNull())
          .addColumn('created_at', 'integer', (column) => column.notNull())
          .addColumn('published_by', 'text')
          .addColumn('published_at', 'integer')
          .addColumn('revision', 'integer', (column) => column.notNull())
          .addPrimaryKeyConstraint('commands_script_version_key', ['script_name', 'version'])
          .execute();
      },
    },
  ],
};
