import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestRollouts } from './open-test-rollouts.ts';

const HOSTS = 1_300;

test('a wave of many hosts gets its turn in several commits, and every host its task once', async () => {
  const world = await openTestRollouts(HOSTS);
  for (const host of world.fleet.hosts.values()) host.script = 'stuck';

  const { id } = await world.run({ strategy: { inFlightMax: HOSTS } });
  const { pending, offered } = (await world.get(id)).counts;
  assert.ok(offered > 0 && pending > 0, `${offered} offered, ${pending} pending after the first commit`);
  await world.calm();
  assert.equal((await world.get(id)).counts.running, HOSTS);
  for (const hostId of world.fleet.hosts.keys()) world.fleet.resume(hostId);
  await world.calm();

  const { state, counts } = await world.get(id);
  assert.equal(state, 'succeeded');
  assert.equal(counts.succeeded, HOSTS);
  for (const host of world.fleet.hosts.values()) assert.equal(host.executions, 1);
  await world.close();
});
