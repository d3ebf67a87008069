import type { MigrationSet } from '@pilothouse/store';

export const accessMigrations: MigrationSet = {
  owner: 'kernel.access',
  tablePrefix: 'access_',
  migrations: [
    {
      id: '0001-accounts',
      async up(db) {
        const { schema } = db;
        await schema
          .createTable('access_user')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('name', 'text', (column) => column.notNull())
          .addColumn('name_folded', 'text', (column) => column.notNull().unique())
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('oidc_subject', 'text', (column) => column.unique())
          .addColumn('password_hash', 'text')
          .addColumn('is_disabled', 'integer', (column) => column.notNull())
          .addColumn('version', 'integer', (column) => column.notNull())
          .addColumn('created_at', 'integer', (column) => column.notNull())
          .addColumn('last_sign_in_at', 'integer')
          .execute();
        await schema
          .createTable('access_user_role')
          .addColumn('user_id', 'text', (column) => column.notNull())
          .addColumn('role_name', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('access_user_role_key', ['user_id', 'role_name'])
          .execute();
        await schema
          .createTable('access_role')
          .addColumn('name', 'text', (column) => column.primaryKey())
          .addColumn('description', 'text', (column) => column.notNull())
          .addColumn('grants', 'text', (column) => column.notNull())
          .addColumn('version', 'integer', (column) => column.notNull())
          .execute();
        await schema
          .createTable('access_session')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('user_id', 'text', (column) => column.notNull())
          .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
          .addColumn('created_at', 'integer', (column) => column.notNull())
          .addColumn('used_at', 'integer', (column) => column.notNull())
          .execute();
        await schema.createIndex('access_session_user').on('access_session').column('user_id').execute();
        await schema
          .createTable('access_token')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('user_id', 'text', (column) => column.notNull())
          .addColumn('name', 'text', (column) => column.notNull())
          .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
          .addColumn('roles', 'text')
          .addColumn('created_at', 'integer', (column) => column.notNull())
          .addColumn('expires_at', 'integer')
          .addColumn('used_at', 'integer')
          .execute();
        await schema.createIndex('access_token_user').on('access_token').column('user_id').execute();
        await schema
          .createTable('access_setup_code')
          .addColumn('code_hash', 'text', (column) => column.primaryKey())
          .addColumn('created_at', 'integer', (column) => column.notNull())
          .execute();
        await schema
          .createTable('access_oidc_login')
          .addColumn('state_hash', 'text', (column) => column.primaryKey())
          .addColumn('nonce', 'text', (column) => column.notNull())
          .addColumn('verifier', 'text', (column) => column.notNull())
          .addColumn('created_at', 'integer', (column) => column.notNull())
          .execute();
      },
    },
  ],
};
