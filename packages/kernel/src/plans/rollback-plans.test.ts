import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type MadePlan, type Rollout, type Step, type Strategy } from '@pilothouse/contract';
import { openTestRollouts, type TestRollouts } from '../rollouts/open-test-rollouts.ts';

async function ran(
  world: TestRollouts,
  strategy: Partial<Strategy>,
  action = 'test.change',
): Promise<Rollout> {
  const rollout = await world.run({ strategy, actions: [{ action, parameters: { text: 'x' } }] });
  await world.calm();
  return world.get(rollout.id);
}

const undo = (world: TestRollouts, rolloutId: string) =>
  world.call<{ rollout: Rollout | null; made: MadePlan }>('rollouts.rollback', {
    params: { rolloutId },
    body: { preview: false },
  });

test('a rollback goes through the waves backwards, on the hosts whose task had started, with its own limits', async () => {
  const world = await openTestRollouts(6);
  const waves = { kind: 'staged' as const, canary: { hosts: 1 }, then: [{ hosts: 2 }] };
  const host = world.fleet.hosts.get(world.hostId(4));
  assert.ok(host);
  host.script = 'fail';
  const { id, state, planDigest } = await ran(world, { waves, failuresMax: 0 });
  host.script = 'succeed';

  const { made } = await undo(world, id);
  const { items } = await world.call<{ items: Step[] }>('plans.steps', {
    params: { digest: made.plan.digest },
  });

  assert.equal(state, 'halted');
  const { header } = made.plan;
  assert.equal(header.rollbackOf, planDigest);
  assert.deepEqual([header.strategy.failuresMax, header.strategy.offline], [0, 'wait']);
  assert.deepEqual(
    header.waves?.map((wave) => wave.name),
    ['undo wave 3', 'undo wave 2', 'undo canary'],
  );
  assert.ok(items.every(({ actions: [first] }) => first?.action === 'rollouts.undo'));
  assert.deepEqual(items[0]?.actions[0]?.parameters, { planDigest });
  assert.ok(
    !items.some((step) => step.hostId === world.hostId(5)),
    'the wave that never began is not undone',
  );
  await world.close();
});

test('rolling back twice is harmless, and what nothing recorded cannot be rolled back', async () => {
  const world = await openTestRollouts(2);
  const { id } = await ran(world, {});
  const plain = await ran(world, {}, 'test.run');

  await undo(world, id);
  await world.calm();
  const again = await undo(world, id);
  await world.calm();
  const refused = await undo(world, plain.id).then(
    () => null,
    (error: unknown) => error,
  );

  assert.equal((await world.get(again.rollout?.id ?? '')).state, 'succeeded');
  assert.ok(refused instanceof AppError);
  assert.equal(refused.code, 'PLAN_ROLLBACK_IMPOSSIBLE');
  assert.equal(refused.details['actions'], 'test.run');
  await world.close();
});

test('hosts that left since are left out, and a rollback of none of them is refused', async () => {
  const world = await openTestRollouts(2);
  const { id } = await ran(world, {});

  world.changeHost(world.hostId(0), null);
  const { made } = await undo(world, id);
  world.changeHost(world.hostId(1), null);
  const refused = await undo(world, id).then(
    () => null,
    (error: unknown) => error,
  );

  assert.equal(made.hostsCount, 1);
  assert.ok(refused instanceof AppError);
  assert.equal(refused.code, 'ROLLOUT_NOTHING_TO_UNDO');
  await world.close();
});

test('a retry keeps the strategy, resolves its waves anew and moves gates to waves that it has', async () => {
  const world = await openTestRollouts(8);
  const waves = { kind: 'staged' as const, canary: { hosts: 2 }, then: [{ hosts: 2 }] };
  const { hosts } = world.fleet;
  for (const n of [1, 2]) Object.assign(hosts.get(world.hostId(n)) ?? {}, { script: 'fail' });
  const { id } = await ran(world, {
    waves,
    gates: [
      { kind: 'notify', name: 'tell', after: 4, channel: 'ops', text: '' },
      { kind: 'wait', name: 'rest', after: 1, waitMs: 1000 },
    ],
  });
  for (let second = 0; second < 5; second++) {
    world.clock.advance(1000);
    await world.calm();
  }
  assert.equal((await world.get(id)).state, 'failed');

  const { made } = await world.call<{ made: MadePlan }>('rollouts.retry', {
    params: { rolloutId: id },
    body: { strategy: { waves: { kind: 'staged', canary: { hosts: 1 }, then: [{ hosts: 1 }] } } },
  });

  assert.deepEqual(
    made.plan.header.waves?.map((wave) => wave.hostsCount),
    [1, 1],
  );
  assert.deepEqual(
    made.plan.header.strategy.gates?.map((gate) => gate.after),
    [2, 1],
  );
  await world.close();
});

test('a retry of an undo is an undo, in the waves that are left', async () => {
  const world = await openTestRollouts(4);
  const { id, planDigest } = await ran(world, { waves: { kind: 'fixed', hostsPerWave: 1 } });
  const { hosts } = world.fleet;
  for (const n of [1, 3]) Object.assign(hosts.get(world.hostId(n)) ?? {}, { script: 'fail' });
  const { rollout } = await undo(world, id);
  await world.calm();
  assert.equal((await world.get(rollout?.id ?? '')).state, 'halted');

  const { made } = await world.call<{ made: MadePlan }>('rollouts.retry', {
    params: { rolloutId: rollout?.id ?? '' },
    body: {},
  });

  assert.equal(made.plan.header.rollbackOf, planDigest);
  assert.deepEqual(
    made.plan.header.waves?.map((wave) => wave.name),
    ['undo wave 4', 'undo wave 3', 'undo wave 2', 'undo wave 1'],
  );
  await world.close();
});
