import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Task } from '@pilothouse/contract';
import { admin, openTestRollouts, type TestRollouts } from './open-test-rollouts.ts';

const hostAt = (world: TestRollouts, n: number) => {
  const host = world.fleet.hosts.get(world.hostId(n));
  assert.ok(host);
  return host;
};
const tasksOf = async (world: TestRollouts, rolloutId: string): Promise<Task[]> =>
  (await world.call<{ items: Task[] }>('rollouts.tasks.list', { params: { rolloutId } })).items;

test('a host that is being changed stays taken over a restart of the server', async () => {
  let world = await openTestRollouts(1);
  hostAt(world, 0).script = 'stuck';
  const first = await world.run();
  const second = await world.run();
  await world.calm();

  world = await world.crash();
  world.fleet.connectAll();
  await world.calm();

  assert.equal((await world.get(second.id)).waitingFor?.code, 'WAITS_FOR_HOST_LOCK');
  world.fleet.resume(world.hostId(0));
  await world.calm();
  for (const { id } of [first, second]) assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('several words that come together after the end are all kept', async () => {
  const world = await openTestRollouts(3);
  for (const host of world.fleet.hosts.values()) host.script = 'stuck';
  const { id } = await world.run({ strategy: { taskTimeoutMs: 1000 } });
  await world.calm();
  for (const hostId of world.fleet.hosts.keys()) world.fleet.disconnect(hostId);
  world.clock.advance(120_000);
  await world.calm();
  assert.equal((await world.get(id)).counts.unknown, 3);

  for (const hostId of world.fleet.hosts.keys()) world.fleet.resume(hostId);
  world.fleet.connectAll();
  await world.calm();

  assert.equal((await world.get(id)).counts.succeeded, 3);
  assert.ok((await tasksOf(world, id)).every((task) => task.outcome?.kind === 'succeeded'));
  await world.close();
});

test('an offer that never left is made again when the host comes back', async () => {
  const world = await openTestRollouts(1);
  hostAt(world, 0).nextOffer = 'offline';
  const { id } = await world.run({ strategy: { offline: 'wait' } });
  await world.calm();
  assert.equal((await world.get(id)).waitingFor?.code, 'WAITS_FOR_HOSTS');

  world.fleet.connect(world.hostId(0));
  await world.calm();

  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('an offer to a session whose queue is full is sent a little later', async () => {
  const world = await openTestRollouts(1);
  hostAt(world, 0).nextOffer = 'full';
  const { id } = await world.run();
  await world.calm();
  assert.equal((await world.get(id)).counts.offered, 1);

  world.clock.advance(500);
  await world.calm();

  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('when outcomes cannot be saved nobody is told so, and they are taken in when the disk is well', async () => {
  const world = await openTestRollouts(4);
  for (const host of world.fleet.hosts.values()) host.script = 'stuck';
  const { id } = await world.run({ strategy: { offline: 'wait' } });
  await world.calm();

  world.failCommits(1);
  for (const hostId of world.fleet.hosts.keys()) world.fleet.resume(hostId);
  await world.calm();
  assert.equal(world.fleet.gateway.sessionsCount, 0);
  assert.ok(
    [...world.fleet.hosts.values()].every((host) => [...host.tasks.values()].every((t) => !t.isSaved)),
  );
  world.fleet.connectAll();
  await world.calm();

  assert.equal((await world.get(id)).counts.succeeded, 4);
  for (const host of world.fleet.hosts.values()) {
    assert.equal(host.executions, 1);
    assert.ok([...host.tasks.values()].every((task) => task.isSaved));
  }
  await world.close();
});

test('a start that cannot be saved is refused, and leaves nothing behind', async () => {
  const world = await openTestRollouts(2);
  const run = async () => {
    const { plan } = await world.room.rollouts.plan(admin, {
      title: 't',
      target: { selector: 'true' },
      actions: [{ action: 'test.run', parameters: { text: 'x' } }],
      strategy: {},
    });
    world.failCommits(1);
    return world.room.rollouts.start(admin, plan.digest, 'run');
  };

  await assert.rejects(run(), { code: 'STORE_FULL' });
  await world.calm();

  const { items } = await world.call<{ items: unknown[] }>('rollouts.list');
  assert.deepEqual(items, []);
  assert.ok([...world.fleet.hosts.values()].every((host) => host.executions === 0));
  await world.close();
});

test('a host under agent hold is passed over, and says so', async () => {
  const world = await openTestRollouts(2);
  hostAt(world, 1).isHeld = true;
  world.fleet.connect(world.hostId(1));

  const { id } = await world.run();
  await world.calm();

  assert.deepEqual(
    (await tasksOf(world, id)).map((task) => task.cause?.code ?? task.state),
    ['succeeded', 'TASK_HOST_ON_HOLD'],
  );
  await world.close();
});

test('a host whose queue is full when its task is to be ended is asked again in its next session', async () => {
  const world = await openTestRollouts(1);
  const host = hostAt(world, 0);
  host.script = 'stuck';
  const { id } = await world.run();
  await world.calm();
  host.isFull = true;

  await world.call('stops.create', { body: { endRunning: true, reason: 'smoke' } });
  await world.calm();
  assert.equal((await world.get(id)).counts.running, 1);
  assert.equal(host.session, null);
  host.isFull = false;
  world.fleet.connect(host.id);
  await world.calm();

  assert.equal((await world.get(id)).counts.cancelled, 1);
  await world.close();
});
