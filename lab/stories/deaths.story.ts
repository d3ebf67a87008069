/**
 * Sudden death at moments nobody chose: server and agents are killed over and over while rollouts in waves go over real hosts
 * under a budget. Afterwards the hosts' own logs are the witness: nothing ran twice, nothing that was acknowledged is lost, and never were
 * more hosts down than the budget allows. The long form, with some 200 deaths of each: PILOTHOUSE_TEST_DEATHS=400; PILOTHOUSE_TEST_SEED
 * repeats its choices.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  budgetsRoutes,
  planRoutes,
  type Rollout,
  resultRoutes,
  rolloutRoutes,
  type Task,
} from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { execOnHost } from '../host.ts';
import { labUp } from '../lab.ts';
import { type Installation, install, untilHosts } from './installation.ts';

const HOSTS = 4;
const NAMES = Array.from({ length: HOSTS }, (_, index) => `h${index + 1}`);
const DOWN_MAX = 2;
const DEATHS = Number(process.env['PILOTHOUSE_TEST_DEATHS'] ?? 6);
const SEED = Number(process.env['PILOTHOUSE_TEST_SEED'] ?? 1);
/** To a death that nobody prepared: shorter and longer than a task, a start of the server and a wave. */
const PAUSE_MS_MAX = 2500;
/** Longer than it takes to find a host at work and kill its agent. */
const TASK_MS = 1500;
/** After a death of the server all hosts must be back before anything begins again, and each takes its time. */
const BUSY_WITHIN_MS = 120_000;
/** So that there is always something to interrupt, and it ends soon after the last death. */
const ROLLOUTS_AT_ONCE = 3;
const LOG = '/var/log/deaths';

let installation: Installation;

before(async () => {
  installation = await install();
  const token = await installation.token({ usesMax: HOSTS, labels: { role: 'db' } });
  await labUp({ count: HOSTS, distributions: ['debian-12'], token, say: () => undefined });
  await untilOnline();
  await installation.client.call(budgetsRoutes.put, {
    params: { name: 'db' },
    body: { selector: 'label.role == "db"', limit: { hosts: DOWN_MAX }, reason: 'the story' },
  });
});

after(async () => {
  await installation?.close();
});

const untilOnline = () =>
  untilHosts(
    installation,
    `${HOSTS} hosts online`,
    (hosts) => hosts.filter((host) => host.presence.kind === 'online').length === HOSTS,
    120_000,
  );

/** The same choices for the same seed; when they fall, the machine decides. */
function chooser(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function startRollout(number: number): Promise<Rollout> {
  const line = `echo "start ${number} $(date +%s%N)" >> ${LOG}; sleep ${TASK_MS / 1000}; echo "end ${number} $(date +%s%N)" >> ${LOG}`;
  const made = await installation.client.call(planRoutes.create, {
    body: {
      title: `rollout ${number}`,
      target: { selector: 'label.role == "db"' },
      actions: [{ action: 'commands.run', parameters: { shell: line } }],
      strategy: {
        waves: { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 100 }] },
        failuresMax: null,
        taskTimeoutMs: 20_000,
      },
    },
  });
  return installation.client.call(rolloutRoutes.start, {
    body: { planDigest: made.plan.digest, kind: 'run' },
  });
}

const tasksOf = async (rollout: Rollout): Promise<readonly Task[]> =>
  (
    await installation.client.call(resultRoutes.tasks, {
      params: { rolloutId: rollout.id },
      query: { limit: 100 },
    })
  ).items;

interface Mark {
  readonly host: string;
  /** `cut`: its agent was killed; hosts and stories have one clock. */
  readonly kind: 'start' | 'end' | 'cut';
  readonly rollout: number;
  readonly at: bigint;
}

async function marksOf(host: string): Promise<Mark[]> {
  const text = (await execOnHost(host, ['cat', LOG])).stdout;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [kind = '', rollout = '', at = '0'] = line.split(' ');
      return { host, kind: kind === 'start' ? 'start' : 'end', rollout: Number(rollout), at: BigInt(at) };
    });
}

const openRollouts = async (): Promise<readonly Rollout[]> =>
  (await installation.client.call(rolloutRoutes.list, { query: { active: 'true', limit: 100 } })).items;

/** Hosts on which a task is under way now. */
async function busyHosts(): Promise<string[]> {
  const open = await openRollouts();
  const tasks = await Promise.all(open.filter(({ counts }) => counts.running > 0).map(tasksOf));
  return tasks.flat().flatMap((task) => (task.state === 'running' ? [task.hostName] : []));
}

/**
 * The host whose agent is to die, or null for the server. Half of the deaths come at any moment; the others wait until a
 * task is under way and hit it, which after a death of the server takes until all hosts are back.
 */
async function nextVictim(choose: (below: number) => number): Promise<string | null> {
  const isServer = choose(2) === 0;
  if (choose(2) === 0) {
    // A moment that nobody chose is the point: the pause is the test's input, not a wait for something.
    await delay(choose(PAUSE_MS_MAX));
    return isServer ? null : (NAMES[choose(HOSTS)] ?? null);
  }
  const busy = await until('a task to be under way', BUSY_WITHIN_MS, async () => {
    const names = await busyHosts();
    return names.length > 0 ? names : null;
  });
  await delay(choose(TASK_MS / 3));
  return isServer ? null : (busy[choose(busy.length)] ?? null);
}

const killAgent = (name: string) =>
  execOnHost(name, ['systemctl', 'kill', '--kill-whom=main', '--signal=SIGKILL', 'pilothouse-agent.service']);

test(`${DEATHS} deaths of server and agents lose nothing, repeat nothing and pass no budget`, async (t) => {
  const choose = chooser(SEED);
  const rollouts: Rollout[] = [];
  const died = { server: 0, agent: 0 };
  const cuts: Mark[] = [];
  for (let death = 0; death < DEATHS; death++) {
    if ((await openRollouts()).length < ROLLOUTS_AT_ONCE) rollouts.push(await startRollout(rollouts.length));
    const name = await nextVictim(choose);
    died[name === null ? 'server' : 'agent'] += 1;
    if (name === null) await installation.crash();
    else {
      cuts.push({ host: name, kind: 'cut', rollout: -1, at: BigInt(Date.now()) * 1_000_000n });
      await killAgent(name);
    }
    t.diagnostic(`${death + 1}: ${name ?? 'server'}`);
  }
  await untilOnline();
  const ended: Rollout[] = [];
  for (const { id } of rollouts) ended.push(await installation.ended(id, 180_000));

  const marks = (await Promise.all(NAMES.map(marksOf))).flat();
  for (const [number, rollout] of ended.entries())
    for (const task of await tasksOf(rollout)) {
      const own = marks.filter((mark) => mark.rollout === number && mark.host === task.hostName);
      const starts = own.filter((mark) => mark.kind === 'start').length;
      const where = `rollout ${number} on ${task.hostName}: ${task.state} ${JSON.stringify(task.cause)}`;
      assert.ok(starts <= 1, `ran twice: ${where}`);
      if (task.state === 'succeeded') assert.equal(own.length, 2, `called done and is not: ${where}`);
      if (task.state === 'skipped' || task.state === 'expired') assert.equal(starts, 0, where);
    }
  const most = mostAtOnce([...marks, ...cuts]);
  assert.ok(most <= DOWN_MAX, `${most} hosts at once`);
  t.diagnostic(`deaths of the server: ${died.server}, of agents: ${died.agent}`);
  const unknown = ended.reduce((sum, rollout) => sum + rollout.counts.unknown, 0);
  t.diagnostic(`tasks: ${ended.length * HOSTS}, unknown: ${unknown}; most at once ${most}`);
  const leases = await installation.client.call(budgetsRoutes.leases, { query: {} });
  assert.deepEqual(leases.items, [], 'all hosts are back, and no lease is left');
});

/** Hosts with a start and no end yet, at the worst moment. What died with its agent was down until then. */
function mostAtOnce(marks: readonly Mark[]): number {
  const down = new Set<string>();
  let most = 0;
  for (const mark of marks.toSorted((a, b) => (a.at < b.at ? -1 : 1))) {
    const isOver = marks.some(({ host, kind, at }) => host === mark.host && kind !== 'start' && at > mark.at);
    if (mark.kind === 'start' && isOver) down.add(mark.host);
    else down.delete(mark.host);
    most = Math.max(most, down.size);
  }
  return most;
}
