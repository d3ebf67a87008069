import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import type { MigrationSet, Store } from '../store.ts';
import { conformStore } from '../store-conformance.ts';
import { openPostgresStore } from './open-postgres-store.ts';

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

conformStore('postgres', () => openPostgresStore({ url: cluster.newDatabase() }));
