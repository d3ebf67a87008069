/**
 * The database away for a whole minute in the middle of a run, shut down and frozen, under a server of one process and of
 * several. All four at once, since they mostly wait.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { auditRoutes, isAppError } from '@pilothouse/contract';
import { honest, until } from '@pilothouse/testkit';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { verifyAudit } from '../src/verify-audit.ts';
import { type TestInstallation, testInstallation } from './test-installation.ts';

const HOSTS = 12;
const AWAY_MS = 60_000;
/** Ten seconds until a frozen database is known as such, three of grace, and what a busy machine adds. */
const SAID_WITHIN_MS = 40_000;
/** Under load the kernel's own pauses grow; a database that comes back has its sessions to clean up. */
const BACK_WITHIN_MS = 40_000;

interface Outage {
  readonly name: string;
  begin(cluster: PostgresCluster): Promise<void> | void;
  end(cluster: PostgresCluster): Promise<void> | void;
}

const OUTAGES: readonly Outage[] = [
  { name: 'shut down', begin: (cluster) => cluster.kill('SIGINT'), end: (cluster) => cluster.start() },
  { name: 'frozen', begin: (cluster) => cluster.freeze(), end: (cluster) => cluster.thaw() },
];

/** Of a request that reads the store; null while it is answered. */
const codeOf = (installation: TestInstallation): Promise<string | null> =>
  installation.client.call(auditRoutes.list, { query: { limit: 1 } }).then(
    () => null,
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );

async function startRun(t: TestContext, cluster: PostgresCluster, processes: number) {
  const store = cluster.newDatabase();
  const installation = await testInstallation(store, processes);
  t.after(() => installation.close());
  const fleet = await installation.fleet(HOSTS, honest('done', 300));
  const { id } = await installation.run({ inFlightMax: 2 });
  await until('some to have run', 30_000, async () => (await installation.rollout(id)).counts.succeeded >= 2);
  return { installation, store, fleet, id, processes };
}

for (const outage of OUTAGES)
  test(`the database ${outage.name} for a minute: the API says so, agents stay, nothing acknowledged is lost`, async (t) => {
    const cluster = await postgresCluster();
    t.after(() => cluster.remove());
    const runs = await Promise.all([1, 3].map((processes) => startRun(t, cluster, processes)));

    const wentAt = performance.now();
    await outage.begin(cluster);
    const codes = await Promise.all(
      runs.map(({ installation }) => until('the API to say so', SAID_WITHIN_MS, () => codeOf(installation))),
    );
    // The whole minute is what this is about: nothing may give up in the course of it.
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS - (performance.now() - wentAt)));
    const connected = runs.map(({ fleet }) => fleet.agents.filter((agent) => agent.isConnected).length);
    await outage.end(cluster);

    assert.deepEqual(codes, ['STORE_AWAY', 'STORE_AWAY']);
    assert.deepEqual(connected, [HOSTS, HOSTS]);
    for (const { installation, fleet, id, store, processes } of runs) {
      await until(
        'the API to answer again',
        BACK_WITHIN_MS,
        async () => (await codeOf(installation)) === null,
      );
      const { counts } = await installation.ended(id);
      const verdict = await verifyAudit(['--data', installation.dataDirectory, '--store', store], 'en');
      assert.equal(counts.succeeded, HOSTS, `${processes} processes: ${JSON.stringify(counts)}`);
      const executions = fleet.agents.flatMap((agent) => [...agent.executions.values()]);
      assert.deepEqual(
        executions,
        Array.from({ length: HOSTS }, () => 1),
      );
      assert.ok(verdict.isIntact, verdict.text);
    }
  });
