/** A host with a good certificate that lies about tasks: it changes no task but its own, and fills no disk. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type Task, type TaskOutcome } from '@pilothouse/contract';
import { openTestRollouts, type TestRollouts } from './open-test-rollouts.ts';
import { hasOutput } from './result-store.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const at = '2026-01-01T00:00:00.000Z';
const bodyOf = (text: string): string =>
  JSON.stringify({ chunks: [{ stream: 'stdout', text }], cutBytes: 0 });

function outcomeOf(kind: 'succeeded' | 'failed', inline: string): TaskOutcome {
  return {
    kind,
    exitCode: 0,
    signal: null,
    startedAt: at,
    endedAt: at,
    output: { digest: sha256(inline), sizeBytes: inline.length, cutBytes: 0 },
    error: null,
    result: null,
  };
}

const say = (world: TestRollouts, n: number, taskId: string, inline: string): void =>
  world.fleet.say(world.hostId(n), {
    kind: 'outcome',
    generation: 1,
    taskId,
    attempt: 1,
    outcome: outcomeOf('failed', inline),
    outputInline: inline,
  });

const tasksOf = async (world: TestRollouts, rolloutId: string): Promise<Task[]> =>
  (await world.call<{ items: Task[] }>('rollouts.tasks.list', { params: { rolloutId } })).items;
const isKept = (world: TestRollouts, text: string): Promise<boolean> =>
  hasOutput(world.store, sha256(bodyOf(text)));

test('a word about the task of another host changes nothing and is told to the gateway', async () => {
  const world = await openTestRollouts(2);
  const victim = world.fleet.hosts.get(world.hostId(1));
  assert.ok(victim);
  victim.script = 'stuck';
  const { id } = await world.run();
  await world.calm();
  const before = await tasksOf(world, id);
  const taken = [...victim.tasks.keys()][0] ?? '';

  world.fleet.say(world.hostId(0), { kind: 'started', generation: 1, taskId: taken, attempt: 1, at });
  say(world, 0, taken, bodyOf('gotcha'));
  await world.calm();

  assert.deepEqual(await tasksOf(world, id), before);
  assert.deepEqual(
    world.fleet.suspected.map(({ problem }) => problem),
    ['task-of-another-host', 'task-of-another-host'],
  );
  assert.equal(world.fleet.suspected[0]?.hostId, world.hostId(0));
  await world.close();
});

test('an outcome that is told anew after the end keeps neither its word nor its output', async () => {
  const world = await openTestRollouts(1);
  const { id } = await world.run();
  await world.calm();
  const [task] = [...(world.fleet.hosts.get(world.hostId(0))?.tasks.keys() ?? [])];
  assert.ok(task);

  for (let n = 0; n < 50; n++) say(world, 0, task, bodyOf(`another truth ${n}`));
  await world.calm();

  assert.equal((await tasksOf(world, id))[0]?.state, 'succeeded');
  assert.equal(await isKept(world, 'another truth 0'), false);
  assert.equal(world.fleet.suspected.length, 50);
  await world.close();
});

test('outcomes of tasks that nobody gave are acknowledged, so that an honest host forgets them, and kept nowhere', async () => {
  const world = await openTestRollouts(1);

  for (const taskId of [
    'r_nothing.0',
    'r_nothing.99999999',
    '__proto__',
    '../..',
    'x'.repeat(64),
    '.',
    'a.-1',
  ])
    say(world, 0, taskId, bodyOf(taskId));
  await world.calm();

  const acknowledged = world.fleet.hosts
    .get(world.hostId(0))
    ?.received.filter((frame) => frame.kind === 'outcome-saved');
  assert.equal(acknowledged?.length, 7);
  assert.equal(await isKept(world, 'r_nothing.0'), false);
  await world.close();
});

test('replayed and reordered words of a host leave every task at one end', async () => {
  const world = await openTestRollouts(3);
  const { id } = await world.run();
  await world.calm();
  for (const [n, host] of [...world.fleet.hosts.values()].entries()) {
    for (const taskId of host.tasks.keys()) {
      world.fleet.say(world.hostId(n), { kind: 'started', generation: 1, taskId, attempt: 1, at });
      world.fleet.say(world.hostId(n), { kind: 'accepted', generation: 1, taskId, attempt: 1 });
      world.fleet.say(world.hostId(n), { kind: 'accepted', generation: 1, taskId, attempt: 999 });
    }
  }
  await world.calm();

  const rollout = await world.get(id);
  assert.equal(rollout.state, 'succeeded');
  assert.equal(rollout.counts.succeeded, 3);
  await world.close();
});
