import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rollout } from '@pilothouse/contract';
import { openTestRollouts } from './open-test-rollouts.ts';
import { readRollout } from './rollout-store.ts';

test('a word that changes nothing writes nothing, and one that does is written', async () => {
  const world = await openTestRollouts(2);
  const host = world.fleet.hosts.get(world.hostId(0));
  assert.ok(host);
  host.script = 'stuck';
  const { id } = await world.run();
  await world.calm();
  const seen = async (): Promise<Rollout> => world.call('rollouts.get', { params: { rolloutId: id } });
  const before = await seen();
  const [taskId = ''] = [...host.tasks.keys()];

  const word = {
    kind: 'started',
    generation: 1,
    taskId,
    attempt: 1,
    at: '2026-01-01T00:00:00.000Z',
  } as const;
  for (let n = 0; n < 5; n++) world.fleet.say(world.hostId(0), word);
  await world.calm();

  assert.equal((await seen()).etag, before.etag);
  assert.equal(String((await readRollout(world.store, id))?.revision), before.etag);
  await world.call('rollouts.pause', { params: { rolloutId: id }, body: {} });
  await world.calm();
  assert.notEqual((await seen()).etag, before.etag);
  assert.equal((await readRollout(world.store, id))?.state, 'paused');
  await world.close();
});
