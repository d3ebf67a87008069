/**
 * kill -9 of the server and of agents while rollouts go in waves over a simulated fleet under a budget, on both engines.
 * After each rollout: every result once, nothing run twice, unknown only what died with its agent, never more hosts down
 * than the budget allows, an intact audit.
 *
 * The server dies at moments that nobody chose and at points of its commits (die-at-commit.ts), also while it starts. The
 * choices come from a seed, which a failure names. 200 deaths of each kind, on each engine:
 * PILOTHOUSE_TEST_DEATHS=200 node --test apps/server/test/sudden-death.system.test.ts
 * Real hosts die in lab/stories/deaths.story.ts.
 */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { budgetsRoutes, type Rollout, rolloutRoutes, type Task } from '@pilothouse/contract';
import { honest, type SimulatedFleet, until } from '@pilothouse/testkit';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { verifyAudit } from '../src/verify-audit.ts';
import { type TestInstallation, testInstallation } from './test-installation.ts';

const HOSTS = 30;
const DOWN_MAX = 4;
const TASK_MS = 100;
const DEATHS = Number(process.env['PILOTHOUSE_TEST_DEATHS'] ?? 6);
/** Each in a life of the server in which a rollout is started; then it lives until all of them have ended. */
const DEATHS_IN_A_ROW = 2;
/** Within it, once the fleet is back, a rollout over it runs and ends. */
const WITHIN_MS = 1_500;
/** For the commit that is to be the last; when it does not come, the server dies all the same. */
const COMMIT_WITHIN_MS = 3_000;
/** A start, the return of the fleet and a rollout make some forty. */
const COMMITS_MAX = 50;
const LEASES_BACK_MS = 30_000;

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

interface Drill {
  readonly installation: TestInstallation;
  readonly fleet: SimulatedFleet;
  readonly random: () => number;
  /** `task`: an agent began to carry one out. */
  readonly begins: EventEmitter;
  /** Tasks that were under way when their agent was killed. */
  readonly died: Set<string>;
  readonly deaths: Record<'at a moment' | 'before a commit' | 'after a commit' | 'while starting', number>;
  agentDeaths: number;
}

/** Half of the deaths at a moment, a quarter on each side of a commit. */
function choosePoint({ random }: Drill): string | null {
  const side = ['before', 'after', null, null][Math.floor(random() * 4)] ?? null;
  const number = 1 + Math.floor(random() * COMMITS_MAX);
  return side === null ? null : `${side} ${number}`;
}

/** Starts a server that is going to die, kills an agent meanwhile, waits until it has died, and says by what. */
async function liveAndDie(drill: Drill): Promise<keyof Drill['deaths']> {
  const { installation } = drill;
  const point = choosePoint(drill);
  installation.dieAtCommit(point);
  try {
    await startAgain(drill);
  } catch (error) {
    // It died of itself, before it was ready.
    if (point === null || !String(error).includes('ended with null')) throw error;
    return 'while starting';
  }
  // It may die over it; whether there is a rollout then is found out later.
  startRollout(drill).catch(() => undefined);
  const isDead = installation.server().ended.then(() => true);
  const isAlive = point === null ? moment(drill) : delay(COMMIT_WITHIN_MS);
  const killing = killAgent(drill);
  const isDeadByCommit = await Promise.race([isDead, isAlive.then(() => false)]);
  await installation.stop('SIGKILL');
  await killing;
  if (!isDeadByCommit) return 'at a moment';
  return point?.startsWith('before') === true ? 'before a commit' : 'after a commit';
}

/** Some moment between the server's start and the end of the rollout: half of them not before a task begins. */
async function moment({ random, begins }: Drill): Promise<void> {
  if (random() < 0.5) await taskBegun(begins);
  // The point in time is what is being tried; nothing is waited for.
  await delay(random() * WITHIN_MS);
}

/** Resolves when a task begins, or when it seems that none will. */
async function taskBegun(begins: EventEmitter): Promise<void> {
  await once(begins, 'task', { signal: AbortSignal.timeout(COMMIT_WITHIN_MS) }).catch(() => undefined);
}

/** Its agents do not let it wait: they come back the moment it is there. */
async function startAgain({ installation, fleet }: Drill): Promise<void> {
  await installation.start();
  for (const agent of fleet.agents) agent.keepConnected();
}

/** Kills an agent, rather one that is at work, as kill -9 and its service manager do. */
async function killAgent(drill: Drill): Promise<void> {
  const { fleet, random, died, begins } = drill;
  await taskBegun(begins);
  await delay(random() * TASK_MS);
  const busy = fleet.agents.filter((agent) => agent.underWay.length > 0);
  const among = busy.length > 0 ? busy : fleet.agents;
  const agent = among[Math.floor(random() * among.length)];
  for (const taskId of agent?.underWay ?? []) died.add(taskId);
  agent?.restart();
  agent?.keepConnected();
  drill.agentDeaths += 1;
}

const startRollout = ({ installation }: Drill): Promise<Rollout> =>
  installation.run({
    waves: { kind: 'staged', canary: { hosts: 2 }, then: [{ percent: 50 }, { percent: 100 }] },
    failuresMax: null,
    // An agent that was killed is away for a moment.
    offline: 'wait',
  });

function judge(drill: Drill, rollout: Rollout, tasks: readonly Task[]): void {
  const { fleet, died } = drill;
  assert.equal(new Set(tasks.map((task) => task.hostId)).size, HOSTS);
  const idsOf = (chosen: readonly Task[]) => chosen.map((task) => task.id);
  const unknown = idsOf(tasks.filter((task) => task.state === 'unknown'));
  const killed = idsOf(tasks.filter((task) => died.has(task.id)));
  assert.deepEqual(unknown, killed, 'unknown is what died with its agent');
  assert.equal(rollout.counts.succeeded + unknown.length, HOSTS, JSON.stringify(rollout.counts));
  const executions = fleet.agents.flatMap((agent) => [...agent.executions.values()]);
  assert.deepEqual(new Set(executions), new Set([1]), 'something ran twice');
}

async function dieOften(t: TestContext, store: string): Promise<void> {
  const seed = Number(process.env['PILOTHOUSE_TEST_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`seed ${seed}`);
  const installation = await testInstallation(store);
  t.after(() => installation.close());
  const begins = new EventEmitter();
  const down = new Set<string>();
  let downMost = 0;
  const fleet = await installation.fleet(HOSTS, honest('done', TASK_MS), (taskId, isUnderWay) => {
    if (isUnderWay) down.add(taskId);
    else down.delete(taskId);
    downMost = Math.max(downMost, down.size);
    if (isUnderWay) begins.emit('task');
  });
  await installation.client.call(budgetsRoutes.put, {
    params: { name: 'fleet' },
    body: { selector: 'true', limit: { hosts: DOWN_MAX }, reason: 'the drill' },
  });
  const deaths = { 'at a moment': 0, 'before a commit': 0, 'after a commit': 0, 'while starting': 0 };
  const random = randomFrom(seed);
  const drill = { installation, fleet, random, begins, died: new Set<string>(), deaths, agentDeaths: 0 };

  for (let count = 0; count < DEATHS; ) {
    for (let i = 0; i < DEATHS_IN_A_ROW && count < DEATHS; i++, count++) {
      await installation.stop('SIGKILL');
      deaths[await liveAndDie(drill)] += 1;
    }
    installation.dieAtCommit(null);
    await startAgain(drill);
    const { items } = await installation.client.call(rolloutRoutes.list, { query: { limit: 10 } });
    for (const { id } of items) judge(drill, await installation.ended(id), await installation.tasks(id));
    assert.ok(downMost <= DOWN_MAX, `seed ${seed}: ${downMost} hosts were down at once`);
    const verdict = await verifyAudit(['--data', installation.dataDirectory, '--store', store], 'en');
    assert.ok(verdict.isIntact, `seed ${seed}: ${verdict.text}`);
  }
  await until('all leases to be given back', LEASES_BACK_MS, async () => {
    const { items } = await installation.client.call(budgetsRoutes.leases, { query: {} });
    return items.length === 0;
  });
  t.diagnostic(`deaths of the server: ${JSON.stringify(deaths)}; of agents: ${drill.agentDeaths}`);
  t.diagnostic(`tasks that died with their agent: ${drill.died.size}; most hosts down at once: ${downMost}`);
}

test('sqlite: sudden death of server and agents loses and repeats nothing', (t) => dieOften(t, 'sqlite'));

test('postgres: sudden death of server and agents loses and repeats nothing', (t) =>
  dieOften(t, cluster.newDatabase()));
