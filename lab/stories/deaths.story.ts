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
import { execOnHost } from '../host.ts';
import { labUp } from '../lab.ts';
import { type Installation, install, untilHosts } from './installation.ts';

const HOSTS = 4;
const NAMES = Array.from({ length: HOSTS }, (_, index) => `h${index + 1}`);
const DOWN_MAX = 2;
const DEATHS = Number(process.env['PILOTHOUSE_TEST_DEATHS'] ?? 6);
const SEED = Number(process.env['PILOTHOUSE_TEST_SEED'] ?? 1);
/** From one death to the next, in milliseconds: shorter and longer than a task, a start of the server and a wave. */
const PAUSE_MS_MAX = 2500;
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
  const line = `echo "start ${number} $(date +%s%N)" >> ${LOG}; sleep 0.6; echo "end ${number} $(date +%s%N)" >> ${LOG}`;
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
  readonly kind: 'start' | 'end';
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

test(`${DEATHS} deaths of server and agents lose nothing, repeat nothing and pass no budget`, async (t) => {
  const choose = chooser(SEED);
  const rollouts: Rollout[] = [];
  const died = { server: 0, agent: 0 };
  for (let death = 0; death < DEATHS; death++) {
    if (death % 2 === 0) rollouts.push(await startRollout(rollouts.length));
    // A moment that nobody chose is the point: the pause is the test's input, not a wait for something.
    await delay(choose(PAUSE_MS_MAX));
    // Every other death is the server's.
    const name = choose(2) === 0 ? undefined : NAMES[choose(HOSTS)];
    died[name === undefined ? 'server' : 'agent'] += 1;
    if (name === undefined) await installation.crash();
    else
      await execOnHost(name, [
        'systemctl',
        'kill',
        '--kill-whom=main',
        '--signal=SIGKILL',
        'pilothouse-agent.service',
      ]);
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
  assert.ok(mostAtOnce(marks) <= DOWN_MAX, `${mostAtOnce(marks)} hosts at once`);
  const counts = ended.map(
    ({ counts: { succeeded, unknown, failed } }) => `${succeeded}/${unknown}/${failed}`,
  );
  t.diagnostic(`deaths of the server: ${died.server}, of agents: ${died.agent}`);
  t.diagnostic(`succeeded/unknown/failed: ${counts.join(' ')}; most at once ${mostAtOnce(marks)}`);
  const leases = await installation.client.call(budgetsRoutes.leases, { query: {} });
  assert.deepEqual(leases.items, [], 'all hosts are back, and no lease is left');
});

/** Hosts with a start and no end yet, at the worst moment. One whose task was killed with its agent is down no more. */
function mostAtOnce(marks: readonly Mark[]): number {
  const down = new Set<string>();
  let most = 0;
  for (const mark of marks.toSorted((a, b) => (a.at < b.at ? -1 : 1))) {
    const hasEnd = marks.some(
      ({ host, rollout, kind }) => host === mark.host && rollout === mark.rollout && kind === 'end',
    );
    if (mark.kind === 'start' && hasEnd) down.add(mark.host);
    else down.delete(mark.host);
    most = Math.max(most, down.size);
  }
  return most;
}
