import type { MigrationSet } from '@pilothouse/store';
import type { Kysely } from 'kysely';

export const enrolmentMigrations: MigrationSet = {
  owner: 'kernel.enrolment',
  tablePrefix: 'enrolment_',
  migrations: [
    {
      id: '0001-keys-tokens-certificates',
      async up(db) {
        await addKeys(db);
        await addTokens(db);
        await addHosts(db);
        await addCertificates(db);
      },
    },
  ],
};

async function addKeys(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('enrolment_key')
    .addColumn('kid', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('public_text', 'text', (column) => column.notNull())
    .addColumn('since_version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('retired_at', 'bigint')
    .execute();
  await db.schema
    .createTable('enrolment_bundle')
    .addColumn('version', 'integer', (column) => column.primaryKey())
    .addColumn('signed', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
}

async function addTokens(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('enrolment_token')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
    .addColumn('ca_kid', 'text', (column) => column.notNull())
    .addColumn('uses_max', 'integer', (column) => column.notNull())
    .addColumn('uses', 'integer', (column) => column.notNull())
    .addColumn('labels', 'text', (column) => column.notNull())
    .addColumn('groups', 'text', (column) => column.notNull())
    .addColumn('needs_approval', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .execute();
}

async function addHosts(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('enrolment_host')
    .addColumn('host_id', 'text', (column) => column.primaryKey())
    .addColumn('machine_id', 'text', (column) => column.notNull())
    .addColumn('token_id', 'text', (column) => column.notNull())
    .addColumn('replaces', 'text')
    .addColumn('replaced_by', 'text')
    .addColumn('trust_version', 'integer', (column) => column.notNull())
    .addColumn('enrolled_at', 'bigint', (column) => column.notNull())
    .addColumn('decided_at', 'bigint')
    .execute();
  await db.schema.createIndex('enrolment_host_machine').on('enrolment_host').column('machine_id').execute();
  await db.schema
    .createIndex('enrolment_host_replaced_by')
    .on('enrolment_host')
    .column('replaced_by')
    .execute();
}

async function addCertificates(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('enrolment_certificate')
    .addColumn('fingerprint', 'text', (column) => column.primaryKey())
    .addColumn('serial', 'text', (column) => column.notNull())
    .addColumn('host_id', 'text', (column) => column.notNull())
    .addColumn('ca_kid', 'text', (column) => column.notNull())
    .addColumn('key_hash', 'text', (column) => column.notNull())
    .addColumn('pem', 'text', (column) => column.notNull())
    .addColumn('issued_at', 'bigint', (column) => column.notNull())
    .addColumn('not_after', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .addColumn('revoked_reason', 'text')
    .execute();
  await db.schema
    .createIndex('enrolment_certificate_host')
    .on('enrolment_certificate')
    .column('host_id')
    .execute();
  await db.schema
    .createIndex('enrolment_certificate_key')
    .on('enrolment_certificate')
    .column('key_hash')
    .execute();
}
