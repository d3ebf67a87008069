import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseEnd, LeaseReturning } from '../budgets/service.ts';
import { nothingForbidden } from './nothing-forbidden.ts';
import { openTestRollouts } from './open-test-rollouts.ts';
import { hostAt } from './test-stages.ts';

/** A ledger in which one lease waits for a word of its host. */
async function openWith(lease: (world: { hostId(n: number): string }) => LeaseReturning) {
  const given: LeaseEnd[] = [];
  let leases: readonly LeaseReturning[] = [];
  const budgets = {
    ...nothingForbidden().budgets,
    returning: () => leases,
    giveBack: (end: LeaseEnd) => void given.push(end),
  };
  const world = await openTestRollouts(2, { rules: { budgets } });
  leases = [lease(world)];
  const asking = world.room.reconcilers.find(({ name }) => name === 'rollouts.ask-returning');
  const ask = async (): Promise<void> => {
    await asking?.run();
    await world.calm();
  };
  return { world, given, ask };
}

const TASK = 'r_000000000000000000.0';

test('a host in session is asked after a task that nobody knows the end of, and its word gives the lease back', async () => {
  const { world, given, ask } = await openWith((opened) => ({
    rolloutId: 'r_000000000000000000',
    taskId: TASK,
    hostId: opened.hostId(0),
  }));
  const host = hostAt(world, 0);
  host.tasks.set(TASK, {
    taskId: TASK,
    attempt: 1,
    state: 'started',
    startBy: 0,
    outcome: null,
    isSaved: false,
  });

  await ask();
  assert.deepEqual(given, [], 'it is still at work');
  host.tasks.delete(TASK);
  await ask();

  assert.deepEqual(
    given.map(({ taskId, hostId, isHostsWord }) => [taskId, hostId, isHostsWord]),
    [[TASK, host.id, true]],
  );
  assert.equal(hostAt(world, 1).received.length, 0);
  await world.close();
});

test('a host gives back no lease of another one', async () => {
  const { world, given } = await openWith((opened) => ({
    rolloutId: 'r_000000000000000000',
    taskId: TASK,
    hostId: opened.hostId(0),
  }));
  const generation = hostAt(world, 1).session?.generation ?? 0;

  world.fleet.say(world.hostId(1), { kind: 'task-word', generation, taskId: TASK, state: 'absent' });
  await world.calm();

  assert.deepEqual(given, []);
  await world.close();
});

test('an agent that cannot be asked is asked to come back, and once alone', async () => {
  const { world, ask } = await openWith((opened) => ({
    rolloutId: 'r_000000000000000000',
    taskId: TASK,
    hostId: opened.hostId(0),
  }));
  hostAt(world, 0).lacks = ['task-word'];
  world.fleet.connect(world.hostId(0));
  await world.calm();

  await ask();
  assert.equal(hostAt(world, 0).session, null);
  world.fleet.connect(world.hostId(0));
  await world.calm();
  await ask();

  assert.notEqual(hostAt(world, 0).session, null);
  await world.close();
});
