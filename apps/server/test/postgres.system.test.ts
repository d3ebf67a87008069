/** The whole server on a real PostgreSQL, with agents that speak the real protocol, and what goes wrong between them. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { auditRoutes, hostsRoutes, isAppError } from '@pilothouse/contract';
import { honest, until } from '@pilothouse/testkit';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { verifyAudit } from '../src/verify-audit.ts';
import { type TestInstallation, testInstallation } from './test-installation.ts';

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

async function install(t: TestContext): Promise<{ installation: TestInstallation; store: string }> {
  const store = cluster.newDatabase();
  const installation = await testInstallation(store);
  t.after(() => installation.close());
  return { installation, store };
}

test('hosts enrol, a command runs, the audit is intact, and a restart finds everything as it was', async (t) => {
  const { installation, store } = await install(t);
  const fleet = await installation.fleet(5);

  const { id } = await installation.run();
  const ended = await installation.ended(id);
  await installation.stop('SIGTERM');
  await installation.start();
  const again = await installation.rollout(id);
  const hosts = await installation.client.call(hostsRoutes.list, { query: { limit: 10 } });
  const verdict = await verifyAudit(['--data', installation.dataDirectory, '--store', store], 'en');

  assert.equal(ended.counts.succeeded, 5);
  assert.deepEqual(again, ended);
  assert.deepEqual(
    hosts.items.map((host) => host.id).sort(),
    fleet.agents.map((agent) => agent.hostId).sort(),
  );
  assert.ok(verdict.isIntact, verdict.text);
});

test('kill -9 of the server in a run: every result is there once, and nothing ran twice', async (t) => {
  const { installation, store } = await install(t);
  const fleet = await installation.fleet(30, honest('done', 400));
  const { id } = await installation.run({ inFlightMax: 10 });
  await until('some to have run', 10_000, async () => (await installation.rollout(id)).counts.succeeded >= 5);

  for (let kills = 0; kills < 2; kills++) {
    await installation.stop('SIGKILL');
    await installation.start();
  }
  const ended = await installation.ended(id);

  const tasks = await installation.tasks(id);
  assert.equal(ended.counts.succeeded, 30);
  assert.equal(new Set(tasks.map((task) => task.hostId)).size, 30);
  assert.deepEqual(
    fleet.agents.flatMap((agent) => [...agent.executions.values()]),
    Array.from({ length: 30 }, () => 1),
  );
  const verdict = await verifyAudit(['--data', installation.dataDirectory, '--store', store], 'en');
  assert.ok(verdict.isIntact, verdict.text);
});

test('the database away in a run: the API says so, agents stay, and nothing acknowledged is lost', async (t) => {
  const { installation } = await install(t);
  const fleet = await installation.fleet(20, honest('done', 300));
  const { id } = await installation.run({ inFlightMax: 5 });
  await until('some to have run', 10_000, async () => (await installation.rollout(id)).counts.succeeded >= 3);

  await cluster.kill('SIGKILL');
  const code = await until('the API to say so', 20_000, () => codeOf(installation));
  const connected = fleet.agents.filter((agent) => agent.isConnected).length;
  await cluster.start();
  await until('the API to answer again', 10_000, async () => (await codeOf(installation)) === null);
  const ended = await installation.ended(id);

  assert.equal(code, 'STORE_AWAY', installation.server().log().slice(-4000));
  assert.equal(connected, 20);
  assert.equal(ended.counts.succeeded, 20);
  assert.ok(fleet.agents.every((agent) => [...agent.executions.values()].every((times) => times === 1)));
});

/** Of a request that reads the store; null while it is answered. */
const codeOf = (installation: TestInstallation): Promise<string | null> =>
  installation.client.call(auditRoutes.list, { query: { limit: 1 } }).then(
    () => null,
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );

test('a second server on the same database is refused and the first goes on', async (t) => {
  const { installation, store } = await install(t);

  await assert.rejects(
    testInstallation(store),
    /ended with 4[\s\S]*STORE_IN_USE: The database \S+ is in use by/,
  );

  const hosts = await installation.client.call(hostsRoutes.list, { query: { limit: 1 } });
  assert.deepEqual(hosts.items, []);
});

test('a server whose database another one has taken over ends, rather than refuse everything from then on', async (t) => {
  const { installation, store } = await install(t);
  const { pid } = installation.server();
  // What the other one leaves: its name in the store, and the lock free again.
  cluster.sql(store, `UPDATE store_meta SET value = 'somebody else' WHERE name = 'owner'`);
  cluster.sql(
    store,
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database =
      (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );

  await until('it to end', 20_000, async () => !isThere(pid));
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // Nobody has that number any more.
    return false;
  }
}
