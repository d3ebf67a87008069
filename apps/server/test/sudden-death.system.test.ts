/**
 * kill -9 of the server at random points of its work, on both engines, and what must hold after each: every result once,
 * nothing run twice, an intact audit. The points come from a seed, which a failure names. By hand:
 * PILOTHOUSE_TEST_KILLS=200 node --test apps/server/test/sudden-death.system.test.ts
 */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { honest } from '@pilothouse/testkit';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { verifyAudit } from '../src/verify-audit.ts';
import { testInstallation } from './test-installation.ts';

const HOSTS = 30;
const KILLS = Number(process.env['PILOTHOUSE_TEST_KILLS'] ?? 4);
const KILLS_PER_ROLLOUT = 2;
/** Within it a rollout over the fleet begins, runs and ends. */
const WITHIN_MS = 1_500;

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

/** Numerical Recipes' linear congruential generator: enough to spread points, and the same for a seed everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function dieOften(t: TestContext, store: string): Promise<void> {
  const seed = Number(process.env['PILOTHOUSE_TEST_SEED'] ?? Date.now() % 1_000_000);
  const random = randomFrom(seed);
  t.diagnostic(`seed ${seed}`);
  const installation = await testInstallation(store);
  t.after(() => installation.close());
  const fleet = await installation.fleet(HOSTS, honest('done', 100));

  for (let kills = 0; kills < KILLS; ) {
    const { id } = await installation.run({ inFlightMax: 10 });
    for (let i = 0; i < KILLS_PER_ROLLOUT && kills < KILLS; i++, kills++) {
      // The point in time is what is being tried; nothing is waited for.
      await delay(random() * WITHIN_MS);
      await installation.stop('SIGKILL');
      await installation.start();
    }
    const ended = await installation.ended(id);

    const hosts = (await installation.tasks(id)).map((task) => task.hostId);
    assert.equal(ended.counts.succeeded, HOSTS, `seed ${seed}: ${JSON.stringify(ended.counts)}`);
    assert.equal(new Set(hosts).size, HOSTS, `seed ${seed}`);
    const executions = fleet.agents.flatMap((agent) => [...agent.executions.values()]);
    assert.deepEqual(new Set(executions), new Set([1]), `seed ${seed}: something ran twice`);
    const verdict = await verifyAudit(['--data', installation.dataDirectory, '--store', store], 'en');
    assert.ok(verdict.isIntact, `seed ${seed}: ${verdict.text}`);
  }
}

test('sqlite: kill -9 at random points loses and repeats nothing', (t) => dieOften(t, 'sqlite'));

test('postgres: kill -9 at random points loses and repeats nothing', (t) =>
  dieOften(t, cluster.newDatabase()));
