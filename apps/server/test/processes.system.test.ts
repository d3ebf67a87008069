/**
 * A server of several processes, on both engines, with agents that speak the real protocol: each process killed in the
 * middle of a rollout, all replaced while people ask. What must hold after each: nobody lost their task, nothing ran twice,
 * the audit is intact.
 */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { collectAll, listAll } from '@pilothouse/client';
import { enrolmentRoutes } from '@pilothouse/contract';
import { honest, type SimulatedFleet, until } from '@pilothouse/testkit';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { verifyAudit } from '../src/verify-audit.ts';
import { askOnAndOn } from './asking-people.ts';
import { addressOf, keptProcess, untilReplaced, untilSpare } from './kept-processes.ts';
import { type TestInstallation, testInstallation } from './test-installation.ts';

const HOSTS = 30;
/** A leader and two fronts. */
const PROCESSES = 3;
/** What an installation promises, from the death of its leader to the answer of the next one. */
const HANDOVER_MS_MAX = 10_000;

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

interface Drill {
  readonly installation: TestInstallation;
  readonly fleet: SimulatedFleet;
  readonly store: string;
}

async function begin(t: TestContext, engine: 'sqlite' | 'postgres'): Promise<Drill> {
  const store = engine === 'sqlite' ? 'sqlite' : cluster.newDatabase();
  const installation = await testInstallation(store, PROCESSES);
  t.after(() => installation.close());
  return { installation, store, fleet: await installation.fleet(HOSTS, honest('done', 200)) };
}

const untilSome = ({ installation }: Drill, id: string, count: number): Promise<true> =>
  until(`${count} hosts to have run`, 20_000, async () => {
    const { succeeded } = (await installation.rollout(id)).counts;
    return succeeded >= count ? true : null;
  });

async function assertWhole({ installation, fleet, store }: Drill, id: string): Promise<void> {
  const { counts } = await installation.ended(id);
  const hosts = (await installation.tasks(id)).map((task) => task.hostId);
  const verdict = await verifyAudit(['--data', installation.dataDirectory, '--store', store], 'en');
  assert.equal(counts.succeeded, HOSTS, JSON.stringify(counts));
  assert.equal(new Set(hosts).size, HOSTS);
  const executions = fleet.agents.flatMap((agent) => [...agent.executions.values()]);
  assert.deepEqual(new Set(executions), new Set([1]), 'something ran twice');
  assert.ok(verdict.isIntact, verdict.text);
}

for (const engine of ['sqlite', 'postgres'] as const) {
  test(`${engine}: a front that is killed costs no host its task`, async (t) => {
    const drill = await begin(t, engine);
    const { installation, fleet } = drill;
    const { id } = await installation.run({ inFlightMax: 3 });

    // Whichever holds the agents is among them.
    for (const [name, ranBefore] of [
      ['front-1', 3],
      ['front-2', 9],
    ] as const) {
      await untilSome(drill, id, ranBefore);
      const front = await keptProcess(installation.server(), name);
      process.kill(front.pid, 'SIGKILL');
      await untilReplaced(installation.server(), front);
    }

    await assertWhole(drill, id);
    await until('all agents to be back', 20_000, async () =>
      fleet.agents.every((agent) => agent.isConnected),
    );
  });

  test(`${engine}: another process leads within ten seconds, and no result is lost or doubled`, async (t) => {
    const drill = await begin(t, engine);
    const { installation } = drill;
    await untilSpare(installation.server(), 'leader');
    const { id } = await installation.run({ inFlightMax: 5 });
    await untilSome(drill, id, 3);

    const leader = await keptProcess(installation.server(), 'leader');
    const killedAt = performance.now();
    process.kill(leader.pid, 'SIGKILL');
    // A front keeps it until somebody leads.
    await installation.rollout(id);
    const handoverMs = Math.round(performance.now() - killedAt);

    t.diagnostic(`handed over in ${handoverMs} ms`);
    assert.ok(handoverMs < HANDOVER_MS_MAX, `${handoverMs} ms`);
    await assertWhole(drill, id);
  });

  test(`${engine}: all processes are replaced, and no request is dropped, no write doubled, no result lost`, async (t) => {
    const drill = await begin(t, engine);
    const { installation } = drill;
    const server = installation.server();
    const before = await Promise.all(
      ['leader', 'front-1', 'front-2'].map((name) => keptProcess(server, name)),
    );
    const people = await askOnAndOn(installation.client, addressOf(server), 2);
    t.after(() => people.stop());
    const { id } = await installation.run({ inFlightMax: 1 });
    await untilSome(drill, id, 1);

    process.kill(server.pid, 'SIGHUP');
    const after = await Promise.all(before.map((kept) => untilReplaced(server, kept)));
    await until('the end of it', 20_000, async () => server.log().includes('all processes were replaced'));
    const asked = await people.stop();

    t.diagnostic(`${asked.reads} reads, ${asked.made.length} writes, slowest ${asked.slowestMs} ms`);
    t.diagnostic(`sent again by clients: ${asked.repeated}`);
    const pids = new Set([...before, ...after].map(({ pid }) => pid));
    assert.equal(pids.size, 6);
    assert.deepEqual(asked.failures, []);
    const page = (cursor?: string) =>
      installation.client.call(enrolmentRoutes.listTokens, { query: { limit: 1000, cursor } });
    const names = (await collectAll(listAll(page))).map(({ name }) => name);
    assert.deepEqual(names.filter((name) => name.startsWith('person')).sort(), [...asked.made].sort());
    await assertWhole(drill, id);
  });
}
