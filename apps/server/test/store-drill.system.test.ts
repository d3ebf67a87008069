/**
 * The drills that an operator ought to have done before the day: a backup taken in the middle of a rollout put back, on
 * either engine; an installation moved from one engine to the other under its agents.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { hostsRoutes, type Rollout, rolloutRoutes } from '@pilothouse/contract';
import { honest, type SimulatedFleet, until } from '@pilothouse/testkit';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { runStoreCommand } from '../src/store-commands/run-store-command.ts';
import { verifyAudit } from '../src/verify-audit.ts';
import { type TestInstallation, testInstallation } from './test-installation.ts';

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

async function install(t: TestContext, store: string): Promise<TestInstallation> {
  const installation = await testInstallation(store);
  t.after(() => installation.close());
  return installation;
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-drill-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const executionsOf = (fleet: SimulatedFleet): number[] =>
  fleet.agents.flatMap((agent) => [...agent.executions.values()]);

const untilConnected = (fleet: SimulatedFleet): Promise<boolean> =>
  until('the fleet to come back', 40_000, async () => fleet.agents.every((agent) => agent.isConnected));

async function assertAuditIntact({ dataDirectory }: TestInstallation, store: string): Promise<void> {
  const verdict = await verifyAudit(['--data', dataDirectory, '--store', store], 'en');
  assert.ok(verdict.isIntact, verdict.text);
}

/** A word that a host repeats at the end moves the tag on and changes nothing. */
const untagged = (rollout: Rollout): Rollout => ({ ...rollout, etag: '' });

for (const engine of ['sqlite', 'postgres'] as const) {
  test(`${engine}: a backup taken in the middle of a rollout is put back, and nothing is run again`, async (t) => {
    const place = (): string => (engine === 'sqlite' ? 'sqlite' : cluster.newDatabase());
    const first = place();
    const installation = await install(t, first);
    const backup = join(scratch(t), 'backup');
    const fleet = await installation.fleet(20, honest('done', 900));
    const { id } = await installation.run({ inFlightMax: 2 });
    await until(
      'some to have run',
      20_000,
      async () => (await installation.rollout(id)).counts.succeeded >= 4,
    );
    // In this process: starting another would take longer than the rollout does.
    const where = ['--data', installation.dataDirectory, '--store', first];
    const taken = await runStoreCommand(['backup', '--to', backup, ...where], 'en');
    await installation.ended(id);
    const newcomers = await installation.fleet(2);

    await installation.stop('SIGKILL');
    const second = place();
    for (const end of ['', '-wal', '-shm'])
      rmSync(join(installation.dataDirectory, `pilothouse.db${end}`), { force: true });
    await installation.start(second, () => installation.storeCommand('restore', '--from', backup));
    await untilConnected(fleet);
    await untilConnected(newcomers);
    const restored = await installation.rollout(id);
    const hosts = await installation.client.call(hostsRoutes.list, { query: { limit: 100 } });
    await installation.client.call(rolloutRoutes.resume, { params: { rolloutId: id } });
    const ended = await installation.ended(id);

    assert.match(taken, /is a copy of \S+: \d+ tables, \d{3,} rows, with the private keys/);
    assert.equal(restored.state, 'paused');
    assert.ok(restored.counts.succeeded < 20, 'the middle of it');
    assert.deepEqual(
      newcomers.agents.map(({ hostId }) => hosts.items.find((host) => host.id === hostId)?.state),
      ['pending', 'pending'],
    );
    // What ran in the moment of the backup is unknown; what had not been offered then is refused by those who have run it.
    const { succeeded, failed, unknown } = ended.counts;
    assert.ok(unknown <= 2 && failed > 0, JSON.stringify(ended.counts));
    assert.equal(succeeded + failed + unknown, 20);
    const refused = (await installation.tasks(id)).filter((task) => task.state === 'failed');
    assert.deepEqual(new Set(refused.map((task) => task.cause?.code)), new Set(['TASK_ALREADY_RAN']));
    assert.deepEqual(new Set(executionsOf(fleet)), new Set([1]));
    await assertAuditIntact(installation, second);
  });
}

test('an installation moves to PostgreSQL and back; agents, results and audit go with it', async (t) => {
  const installation = await install(t, 'sqlite');
  const fleet = await installation.fleet(5);
  const { id } = await installation.run();
  const before = await installation.ended(id);
  const database = cluster.newDatabase();

  await assert.rejects(
    installation.storeCommand('migrate', '--from', 'sqlite', '--to', database),
    /DATA_DIRECTORY_IN_USE/,
  );
  await installation.stop('SIGTERM');
  const moved = await installation.storeCommand('migrate', '--from', 'sqlite', '--to', database);
  const again = await installation.storeCommand('migrate', '--from', 'sqlite', '--to', database);
  await installation.start(database);
  await untilConnected(fleet);
  const there = await installation.rollout(id);
  const second = await installation.ended((await installation.run()).id);
  await installation.stop('SIGTERM');
  await assert.rejects(
    installation.storeCommand('migrate', '--from', database, '--to', 'sqlite'),
    /STORE_NOT_EMPTY/,
  );
  await installation.storeCommand('migrate', '--from', database, '--to', 'sqlite', '--replace');
  await installation.start('sqlite');
  await untilConnected(fleet);
  const back = await installation.rollout(second.id);

  assert.deepEqual(again, moved);
  assert.deepEqual(untagged(there), untagged(before));
  assert.equal(second.counts.succeeded, 5);
  assert.deepEqual(untagged(back), untagged(second));
  await assertAuditIntact(installation, 'sqlite');
});

test('what an upgrade would change is listed without changing it', async (t) => {
  const installation = await install(t, cluster.newDatabase());
  const database = cluster.newDatabase();

  const upToDate = await installation.storeCommand('upgrade', '--dry-run');
  const fresh = await installation.storeCommand('upgrade', '--dry-run', '--store', database);

  assert.equal(upToDate['count'], 0);
  assert.ok(Number(fresh['count']) > 10);
  assert.equal(cluster.sql(database, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`), '0');
});
