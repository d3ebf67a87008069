import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation, Rollout } from '@pilothouse/contract';
import { openTestRollouts, type TestRollouts } from './open-test-rollouts.ts';
import { hostAt, pass, probed, started } from './test-stages.ts';

test('a host whose connection ended a moment ago gets its task when it comes back, also where others would be skipped', async () => {
  const world = await openTestRollouts(2);
  world.fleet.disconnect(world.hostId(1));
  const { id } = await world.run({ strategy: { offline: 'skip' } });
  await world.calm();
  const explained = await world.call<Explanation>('rollouts.explain', { params: { rolloutId: id } });

  world.clock.advance(29_000);
  world.fleet.connect(world.hostId(1));
  await world.calm();

  assert.deepEqual(
    explained.reasons.map(({ code, hosts }) => [code, hosts.map((host) => host.hostName)]),
    [['WAITS_FOR_SETTLING', ['web-1']]],
  );
  assert.equal((await world.get(id)).counts.succeeded, 2);
  await world.close();
});

test('a host that does not come back is skipped when its time is over, and one that left later is waited for', async () => {
  const world = await openTestRollouts(3);
  world.fleet.disconnect(world.hostId(1));
  world.clock.advance(20_000);
  world.fleet.disconnect(world.hostId(2));
  const { id } = await world.run({ strategy: { offline: 'skip' } });
  const countsAfter = async (ms: number): Promise<Pick<Rollout['counts'], 'succeeded' | 'skipped'>> => {
    world.clock.advance(ms);
    await world.calm();
    const { succeeded, skipped } = (await world.get(id)).counts;
    return { succeeded, skipped };
  };

  assert.deepEqual(await countsAfter(9_000), { succeeded: 1, skipped: 0 });
  assert.deepEqual(await countsAfter(1_000), { succeeded: 1, skipped: 1 });
  assert.deepEqual(await countsAfter(20_000), { succeeded: 1, skipped: 2 });
  await world.close();
});

test('a host that comes and goes has its whole time anew', async () => {
  const world = await openTestRollouts(1);
  world.fleet.disconnect(world.hostId(0));
  world.clock.advance(29_000);
  world.fleet.connect(world.hostId(0));
  await world.calm();
  world.fleet.disconnect(world.hostId(0));
  const { id } = await world.run({ strategy: { offline: 'skip' } });
  world.clock.advance(29_000);
  await world.calm();
  const waiting = await world.get(id);
  world.clock.advance(1_000);
  await world.calm();

  assert.equal(waiting.state, 'running');
  assert.equal((await world.get(id)).counts.skipped, 1);
  await world.close();
});

test('a probe that was lost with its connection is asked again, and fails no gate', async () => {
  const world = await openTestRollouts(4);
  const { id } = await started(world, probed);
  const host = hostAt(world, 0);
  host.probes = null;
  await pass(world, 15);

  world.fleet.disconnect(world.hostId(0));
  await pass(world, 10);
  const between = await world.get(id);
  host.probes = 'passing';
  world.fleet.connect(world.hostId(0));
  await pass(world, 60);

  assert.equal(between.waitingFor?.code, 'WAITS_FOR_GATE');
  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

/** All but the last of 120 hosts come back, one in half a second: none of these is skipped, and the last one is after them. */
async function assertWaitedFor(world: TestRollouts, rolloutId: string): Promise<void> {
  for (let n = 0; n < 119; n++) {
    world.clock.advance(500);
    world.fleet.connect(world.hostId(n));
    await world.calm();
  }
  const back = (await world.get(rolloutId)).counts;
  world.clock.advance(15_000);
  await world.calm();
  const end = (await world.get(rolloutId)).counts;

  assert.deepEqual([back.succeeded, back.skipped], [119, 0]);
  assert.deepEqual([end.succeeded, end.skipped], [119, 1]);
}

test('a fleet that takes longer to come back than one host may is waited for, and who stays away is skipped after it', async () => {
  const world = await openTestRollouts(120);
  for (let n = 0; n < 120; n++) world.fleet.disconnect(world.hostId(n));
  const { id } = await world.run({ strategy: { offline: 'skip', inFlightMax: 120 } });

  await assertWaitedFor(world, id);
  await world.close();
});

test('a server that was killed waits as long for its fleet', async () => {
  const before = await openTestRollouts(120);
  for (let n = 0; n < 120; n++) before.fleet.disconnect(before.hostId(n));
  const { id } = await before.run({ strategy: { offline: 'skip', inFlightMax: 120 } });
  await before.calm();
  const world = await before.crash();

  await assertWaitedFor(world, id);
  await world.close();
});
