import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestRollouts } from './open-test-rollouts.ts';

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
