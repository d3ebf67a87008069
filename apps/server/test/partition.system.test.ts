/**
 * A machine that leads is cut off from the database, the other machine and the load balancer, so that nobody is told: packets
 * go nowhere, and no connection is closed. What must hold: the other leads within ten seconds, what the first one believes
 * reaches no disk, nothing is lost or doubled, and when it hears the others again it ends and stands by.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { honest, until } from '@pilothouse/testkit';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { FAR, type FarNetwork, farNetwork, NEAR } from './far-network.ts';
import { testMachines } from './test-machines.ts';

const HOSTS = 10;
const HANDOVER_MS_MAX = 10_000;

// Assigned before the first test asks.
let cluster!: PostgresCluster;
let network!: FarNetwork;
before(async () => {
  network = farNetwork();
  cluster = await postgresCluster();
});
after(async () => {
  await cluster.remove();
  network.remove();
});

/** The cluster's socket for whoever comes over the network: what is behind it sees nothing of a black hole. */
async function databaseOverNetwork(url: string): Promise<{ url: string; server: Server }> {
  const { searchParams, pathname } = new URL(url);
  const path = `${searchParams.get('host')}/.s.PGSQL.5432`;
  const server = createServer((socket) => {
    const database = connect(path);
    socket.pipe(database).pipe(socket);
    for (const [one, other] of [
      [socket, database],
      [database, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.once('close', () => other.destroy());
    }
  });
  await once(server.listen(0, NEAR), 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `postgres://pilothouse@${NEAR}:${port}${pathname}`, server };
}

test('a leader in a black hole is followed by the other machine, and commits nothing any more', async (t) => {
  const store = cluster.newDatabase();
  const overNetwork = await databaseOverNetwork(store);
  t.after(() => overNetwork.server.close());
  const installation = await testMachines({
    machines: [
      { address: FAR, store: overNetwork.url, before: network.before },
      { address: NEAR, store },
    ],
  });
  t.after(() => installation.close());
  const [lost, staying] = installation.machines;
  const fleet = await installation.fleet(HOSTS, honest('done', 200));
  const { id } = await installation.run({ inFlightMax: 1 });
  await until('some hosts to have run', 60_000, async () => {
    const { succeeded } = (await installation.rollout(id)).counts;
    return succeeded >= 2 ? true : null;
  });

  network.cut();
  const cutAt = performance.now();
  await until('the other to lead', 60_000, async () =>
    staying.server().log().includes('"text":"this machine leads"'),
  );
  const handoverMs = Math.round(performance.now() - cutAt);
  const { counts } = await installation.ended(id);
  network.heal();
  await until('the first to stand by', 60_000, async () =>
    lost.server().log().includes('"text":"a process stands by"'),
  );

  t.diagnostic(`handed over in ${handoverMs} ms`);
  assert.equal(counts.succeeded, HOSTS, JSON.stringify(counts));
  const executions = fleet.agents.flatMap((agent) => [...agent.executions.values()]);
  assert.deepEqual(new Set(executions), new Set([1]), 'something ran twice');
  assert.match(lost.server().log(), /another machine leads, this process ends/);
  assert.equal(cluster.sql(store, 'SELECT address, term FROM machines_leader'), `${NEAR}:7445|2`);
  assert.ok(handoverMs < HANDOVER_MS_MAX, `${handoverMs} ms`);
});
