import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type Explanation, type Rollout, type Task } from '@pilothouse/contract';
import { admin, openTestRollouts, principalOver, type TestRollouts } from './open-test-rollouts.ts';

const tasksOf = async (world: TestRollouts, rolloutId: string): Promise<Task[]> =>
  (await world.call<{ items: Task[] }>('rollouts.tasks.list', { params: { rolloutId } })).items;
const hostAt = (world: TestRollouts, n: number) => {
  const host = world.fleet.hosts.get(world.hostId(n));
  assert.ok(host);
  return host;
};
const codeOf = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

test('a run goes to every host, and every outcome is acknowledged once it is saved', async () => {
  const world = await openTestRollouts(5);

  const { id } = await world.run();
  await world.calm();

  const rollout = await world.get(id);
  assert.equal(rollout.state, 'succeeded');
  assert.equal(rollout.counts.succeeded, 5);
  for (const host of world.fleet.hosts.values()) {
    assert.equal(host.executions, 1);
    assert.ok([...host.tasks.values()].every((task) => task.isSaved));
  }
  assert.ok(world.audits.some((record) => record.action === 'rollout.succeeded'));
  await world.close();
});

test('a server killed in the middle goes on where it was, and every result is there exactly once', async () => {
  const world = await openTestRollouts(60);
  const ids = [...world.fleet.hosts.keys()];
  for (const n of ids.keys()) if (n % 3 === 0) hostAt(world, n).script = n % 2 === 0 ? 'stuck' : 'silent';
  const { id } = await world.run({ strategy: { inFlightMax: 40 } });
  await world.calm();
  assert.equal((await world.get(id)).state, 'running');

  const after = await world.crash();
  after.fleet.connectAll();
  for (const hostId of ids) after.fleet.resume(hostId);
  await after.calm();

  const rollout = await after.get(id);
  assert.equal(rollout.state, 'succeeded');
  assert.equal(rollout.counts.succeeded, 60);
  assert.equal((await tasksOf(after, id)).length, 60);
  for (const host of after.fleet.hosts.values()) assert.equal(host.executions, 1);
  await after.close();
});

test('killed between commit and send at every turn, nothing is lost and nothing runs twice', async () => {
  let world = await openTestRollouts(20);
  const { id } = await world.run({ strategy: { waves: { kind: 'fixed', hostsPerWave: 7 } } });

  for (let kill = 0; kill < 12; kill++) {
    await new Promise((resolve) => setImmediate(resolve));
    world = await world.crash();
    world.fleet.connectAll();
  }
  await world.calm();

  assert.equal((await world.get(id)).state, 'succeeded');
  for (const host of world.fleet.hosts.values()) assert.equal(host.executions, 1);
  await world.close();
});

test('a host that was away gets its task when it comes back, if the plan waits for it', async () => {
  const world = await openTestRollouts(2);
  world.fleet.disconnect(world.hostId(1));
  world.clock.advance(31_000);
  const { id } = await world.run({ strategy: { offline: 'wait' } });
  await world.calm();
  assert.equal((await world.get(id)).waitingFor?.code, 'WAITS_FOR_HOSTS');

  world.fleet.connect(world.hostId(1));
  await world.calm();

  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('right after a start nobody is skipped for being offline; later they are', async () => {
  const world = await (await openTestRollouts(2)).crash();
  world.fleet.connect(world.hostId(0));
  const { id } = await world.run({ strategy: { offline: 'skip' } });
  await world.calm();
  assert.equal((await world.get(id)).state, 'running');

  world.clock.advance(31_000);
  await world.calm();

  assert.equal((await world.get(id)).counts.skipped, 1);
  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('two rollouts that change a host take turns on it; one that only reads does not wait', async () => {
  const world = await openTestRollouts(1);
  const host = hostAt(world, 0);
  host.script = 'stuck';
  const first = await world.run();
  const second = await world.run();
  const reader = await world.run({}, { text: 'uptime', effect: 'read' });
  await world.calm();
  assert.equal((await world.get(first.id)).counts.running, 1);
  assert.equal((await world.get(second.id)).waitingFor?.code, 'WAITS_FOR_HOST_LOCK');
  assert.equal((await world.get(reader.id)).counts.running, 1);

  world.fleet.resume(world.hostId(0));
  await world.calm();

  for (const { id } of [first, second, reader]) assert.equal((await world.get(id)).state, 'succeeded');
  assert.equal(host.executions, 3);
  await world.close();
});

test('hosts are looked at again when their turn comes', async () => {
  const world = await openTestRollouts(5);
  await world.room.idle();
  const { plan } = await world.room.rollouts.plan(admin, {
    title: 't',
    target: { selector: 'true' },
    actions: [{ action: 'test.run', parameters: { text: 'x' } }],
    strategy: {},
  });
  world.changeHost(world.hostId(0), { state: 'quarantined' });
  world.changeHost(world.hostId(1), { isInMaintenance: true });
  world.changeHost(world.hostId(2), null);
  const started = await world.room.rollouts.start(admin, plan.digest, 'run');
  await world.calm();

  const causes = (await tasksOf(world, started.id)).map((task) => task.cause?.code ?? task.state);
  assert.deepEqual(causes, [
    'TASK_HOST_QUARANTINED',
    'TASK_HOST_IN_MAINTENANCE',
    'TASK_HOST_GONE',
    'succeeded',
    'succeeded',
  ]);
  await world.close();
});

test('an emergency stop withdraws what has not started and holds until it is cleared, over a restart', async () => {
  let world = await openTestRollouts(3);
  hostAt(world, 0).script = 'silent';
  const { id } = await world.run({ strategy: { inFlightMax: 1, offline: 'wait' } });
  await world.calm();
  const { stop, tasksCount } = await world.call<{ stop: { id: string }; tasksCount: number }>(
    'stops.create',
    { body: { reason: 'wrong mirror' } },
  );
  await world.calm();
  assert.equal(tasksCount, 1);
  assert.equal((await world.get(id)).waitingFor?.code, 'WAITS_FOR_STOP_CLEARED');
  hostAt(world, 0).script = 'succeed';

  world = await world.crash();
  world.fleet.connectAll();
  await world.calm();
  assert.equal((await world.get(id)).counts.succeeded, 0);
  await world.call('stops.clear', { params: { stopId: stop.id } });
  await world.calm();

  assert.equal((await world.get(id)).state, 'succeeded');
  assert.ok(world.audits.some((record) => record.action === 'stop.cleared'));
  for (const host of world.fleet.hosts.values()) assert.equal(host.executions, 1);
  await world.close();
});

test('a cancel ends running tasks when asked to, and says who did it', async () => {
  const world = await openTestRollouts(2);
  for (const host of world.fleet.hosts.values()) host.script = 'stuck';
  const { id } = await world.run();
  await world.calm();

  await world.call('rollouts.cancel', { params: { rolloutId: id }, body: { endRunning: true } });
  await world.calm();

  const rollout = await world.get(id);
  assert.equal(rollout.state, 'cancelled');
  assert.equal(rollout.cause.by, 'ann');
  assert.equal(rollout.counts.cancelled, 2);
  await assert.rejects(
    world.call('rollouts.pause', { params: { rolloutId: id }, body: {} }),
    codeOf('ROLLOUT_STATE_CONFLICT'),
  );
  await world.close();
});

test('a large output is asked for once, and acknowledged when it is on disk', async () => {
  const world = await openTestRollouts(3);
  for (const host of world.fleet.hosts.values())
    Object.assign(host, { isLarge: true, stdout: 'x'.repeat(9000) });

  const { id } = await world.run();
  await world.calm();

  const asked = [...world.fleet.hosts.values()].flatMap((host) =>
    host.received.filter((frame) => frame.kind === 'outputs-wanted'),
  );
  assert.equal(asked.length, 1);
  for (const host of world.fleet.hosts.values())
    assert.ok([...host.tasks.values()].every((task) => task.isSaved));
  const taskId = `${id}.2`;
  const body = await world.call<{ stdout: string }>('rollouts.output.get', {
    params: { rolloutId: id, taskId },
  });
  assert.equal(body.stdout.length, 9000);
  await world.close();
});

test('a word that comes after the end still turns unknown into the truth', async () => {
  const world = await openTestRollouts(1);
  hostAt(world, 0).script = 'stuck';
  const { id } = await world.run({ strategy: { taskTimeoutMs: 1000 } });
  await world.calm();
  const [task] = hostAt(world, 0).tasks.values();
  world.fleet.disconnect(world.hostId(0));
  world.clock.advance(120_000);
  await world.calm();
  assert.equal((await world.get(id)).counts.unknown, 1);

  world.fleet.resume(world.hostId(0));
  world.fleet.connect(world.hostId(0));
  await world.calm();

  assert.ok(task?.isSaved);
  assert.equal((await tasksOf(world, id))[0]?.state, 'succeeded');
  assert.equal((await world.get(id)).counts.succeeded, 1);
  await world.close();
});

test('a host cannot speak for another', async () => {
  const world = await openTestRollouts(2);
  const liar = hostAt(world, 0);
  hostAt(world, 1).script = 'stuck';
  const { id } = await world.run();
  await world.calm();
  liar.tasks.set(`${id}.1`, {
    taskId: `${id}.1`,
    attempt: 1,
    state: 'ended',
    startBy: Number.POSITIVE_INFINITY,
    outcome: [...liar.tasks.values()][0]?.outcome ?? null,
    isSaved: false,
  });

  world.fleet.connect(liar.id);
  await world.calm();

  assert.equal((await world.get(id)).counts.running, 1);
  await world.close();
});

test('a plan is carried out once, also when two ask in the same moment', async () => {
  const world = await openTestRollouts(1);
  const { plan } = await world.room.rollouts.plan(admin, {
    title: 't',
    target: { selector: 'true' },
    actions: [{ action: 'test.run', parameters: { text: 'x' } }],
    strategy: {},
  });

  const starts = await Promise.allSettled([
    world.room.rollouts.start(admin, plan.digest, 'run'),
    world.room.rollouts.start(admin, plan.digest, 'run'),
  ]);

  assert.deepEqual(
    starts.map((start) => start.status),
    ['fulfilled', 'rejected'],
  );
  assert.ok(codeOf('PLAN_ALREADY_STARTED')((starts[1] as PromiseRejectedResult).reason));
  await world.close();
});

test('a retry runs where it did not succeed, as a new plan that names the old one', async () => {
  const world = await openTestRollouts(3);
  hostAt(world, 1).script = 'fail';
  const { id, planDigest } = await world.run();
  await world.calm();
  assert.equal((await world.get(id)).state, 'failed');
  hostAt(world, 1).script = 'succeed';

  const { rollout } = await world.call<{ rollout: Rollout }>('rollouts.retry', {
    params: { rolloutId: id },
    body: {},
  });
  await world.calm();

  assert.equal(rollout.retryOf, id);
  const again = await world.get(rollout.id);
  assert.equal(again.state, 'succeeded');
  assert.equal(again.counts.succeeded, 1);
  const made = await world.call<{ header: { retryOf: string } }>('plans.get', {
    params: { digest: again.planDigest },
  });
  assert.equal(made.header.retryOf, planDigest);
  await world.close();
});

test('a person sees tasks of hosts in their scope alone, and acts on whole rollouts only with all hosts', async () => {
  const world = await openTestRollouts(3);
  const { id } = await world.run();
  await world.calm();
  const reader = principalOver((host) => host.id === world.hostId(1));
  const stranger = principalOver(() => false);

  const params = { rolloutId: id };
  const { items } = await world.call<{ items: Task[] }>('rollouts.tasks.list', { params, principal: reader });
  assert.deepEqual(
    items.map((task) => task.hostId),
    [world.hostId(1)],
  );
  const groups = await world.call<{ items: { hostsCount: number }[] }>('rollouts.groups.list', {
    params,
    principal: reader,
  });
  assert.deepEqual(
    groups.items.map((group) => group.hostsCount),
    [1],
  );
  await assert.rejects(world.call('rollouts.get', { params, principal: stranger }), codeOf('NOT_FOUND'));
  await assert.rejects(
    world.call('rollouts.cancel', { params, body: {}, principal: reader }),
    codeOf('ROLLOUT_FORBIDDEN'),
  );
  await assert.rejects(
    world.call('rollouts.run', {
      body: {
        title: 't',
        target: { hostIds: [world.hostId(2)] },
        actions: [{ action: 'test.run', parameters: { text: 'x' } }],
      },
      principal: reader,
    }),
    codeOf('PLAN_HOST_UNKNOWN'),
  );
  await world.close();
});

test('a host that has not come back since the server started is waited for a while, and the explanation says so', async () => {
  const before = await openTestRollouts(2);
  const world = await before.crash();
  world.fleet.connect(world.hostId(0));
  const { id } = await world.run({ strategy: { offline: 'skip' } });
  await world.calm();

  const explained = await world.call<Explanation>('rollouts.explain', { params: { rolloutId: id } });
  world.clock.advance(30_000);
  await world.calm();

  assert.deepEqual(
    explained.reasons.map(({ code, details, hosts }) => [code, details, hosts.map((host) => host.hostName)]),
    [['WAITS_FOR_SETTLING', { hosts: 1 }, ['web-1']]],
  );
  assert.deepEqual(
    (await tasksOf(world, id)).map((task) => task.cause?.code ?? task.state),
    ['succeeded', 'TASK_HOST_OFFLINE'],
  );
  await world.close();
});
