/** For tests of whatever stands on a store: a fresh one, on the engine that this run of the tests is for. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { openPostgresStore } from './postgres/open-postgres-store.ts';
import { openSqliteStore } from './sqlite/open-sqlite-store.ts';
import type { Store } from './store.ts';

/** A database of a cluster that the whole run shares; absent: the embedded engine. `npm test postgres` sets it. */
const CLUSTER = 'PILOTHOUSE_TEST_POSTGRES';

/** In memory on the embedded engine, in a database of its own on PostgreSQL, which goes with its cluster. */
export async function openTestStore(): Promise<Store> {
  const url = process.env[CLUSTER];
  if (url === undefined || url === '') return openSqliteStore({ path: ':memory:' });
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  const own = new URL(url);
  own.pathname = `/${name}`;
  return openPostgresStore({ url: own.href });
}
