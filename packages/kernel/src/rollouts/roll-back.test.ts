import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rollout, Strategy } from '@pilothouse/contract';
import { openTestRollouts } from './open-test-rollouts.ts';
import { check, executions, hostAt, judge, pass, started, twoWaves } from './test-stages.ts';

const undone: Partial<Strategy> = { ...twoWaves, failuresMax: 0, onFailure: 'rollback' };

test('a plan that says so undoes what it touched by itself when it halts, and nothing else', async () => {
  const { gates, said } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...undone, gates: [check] }, 'test.change');

  said.verdict = { kind: 'fails', reason: null, evidence: {} };
  await pass(world, 10);

  const { state, cause, rolledBackBy } = await world.get(id);
  assert.deepEqual([state, cause.code], ['rolled-back', 'ROLLOUT_ROLLED_BACK']);
  assert.equal((await world.get(rolledBackBy ?? '')).rollbackOf, id);
  assert.deepEqual(executions(world), [2, 2, 0, 0]);
  await world.close();
});

test('an undo that fails somewhere leaves the rollout halted, and says so', async () => {
  const { gates, said } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...undone, gates: [check] }, 'test.change');
  hostAt(world, 1).script = 'fail';

  said.verdict = { kind: 'fails', reason: null, evidence: {} };
  await pass(world, 10);

  const { state, cause } = await world.get(id);
  assert.deepEqual([state, cause.code], ['halted', 'ROLLOUT_ROLLBACK_FAILED']);
  await world.close();
});

test('a disk that is full for a moment while it rolls back does not leave what is broken', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const { gates, said } = judge();
    const world = await openTestRollouts(4, { rules: { gates } });
    const { id } = await started(world, { ...undone, gates: [check] }, 'test.change');
    said.verdict = { kind: 'fails', reason: null, evidence: {} };
    world.clock.advance(10_000);
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));

    world.failCommits(1);
    await pass(world, 60);
    world.fleet.connectAll();
    await pass(world, 30);

    assert.equal((await world.get(id)).state, 'rolled-back', `after ${turns} turns`);
    assert.deepEqual(executions(world), [2, 2, 0, 0]);
    await world.close();
  }
});

test('killed while it rolls back, the server goes on with it, and undoes once', async () => {
  const { gates, said } = judge();
  let world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...undone, gates: [check] }, 'test.change');
  said.verdict = { kind: 'fails', reason: null, evidence: {} };
  world.clock.advance(10_000);

  for (let kill = 0; kill < 8; kill++) {
    for (let turn = 0; turn < kill; turn++) await new Promise((resolve) => setImmediate(resolve));
    world = await world.crash();
    world.fleet.connectAll();
  }
  await pass(world, 60);

  assert.equal((await world.get(id)).state, 'rolled-back');
  assert.deepEqual(executions(world), [2, 2, 0, 0]);
  await world.close();
});

test('a person undoes an ended rollout as a plan of its own, after a look that changes nothing', async () => {
  const world = await openTestRollouts(3);
  const { id } = await started(world, {}, 'test.change');
  const roll = (preview: boolean) =>
    world.call<{ rollout: Rollout | null; made: { hostsCount: number } }>('rollouts.rollback', {
      params: { rolloutId: id },
      body: { preview },
    });

  const preview = await roll(true);
  assert.deepEqual([preview.rollout, preview.made.hostsCount], [null, 3]);
  assert.deepEqual(executions(world), [1, 1, 1]);
  const { rollout } = await roll(false);
  await world.calm();

  assert.equal((await world.get(rollout?.id ?? '')).state, 'succeeded');
  assert.equal((await world.get(id)).rolledBackBy, rollout?.id);
  await world.close();
});

test('a rollout that is rolled back names the undo that did it, whatever becomes of another', async () => {
  const { gates, said } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...undone, gates: [check] }, 'test.change');
  said.verdict = { kind: 'fails', reason: null, evidence: {} };
  await pass(world, 10);
  const { rolledBackBy } = await world.get(id);

  hostAt(world, 1).script = 'fail';
  const again = await world.call<{ rollout: Rollout }>('rollouts.rollback', { params: { rolloutId: id } });
  await world.calm();

  assert.equal((await world.get(again.rollout.id)).state, 'halted');
  const now = await world.get(id);
  assert.deepEqual([now.state, now.rolledBackBy], ['rolled-back', rolledBackBy]);
  await world.close();
});
