import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type Explanation, type Rollout } from '@pilothouse/contract';
import type { LeaseWish } from '../budgets/service.ts';
import { openTestRollouts, type TestRules } from './open-test-rollouts.ts';
import { executions, hostAt, pass, started } from './test-stages.ts';

test('outside a window nothing starts; it goes on by itself when the window opens', async () => {
  let opensAt = Number.POSITIVE_INFINITY;
  const calendar: NonNullable<TestRules['calendar']> = {
    closedFor: (_host, _windows, now) =>
      now < opensAt ? { kind: 'window', name: 'night', until: opensAt } : null,
    openUntil: () => null,
    checkWindows: () => undefined,
    neverOpen: () => [],
    onChanged: () => () => undefined,
  };
  const world = await openTestRollouts(2, { rules: { calendar } });
  opensAt = world.clock.now() + 600_000;

  const { id } = await started(world, {});
  assert.equal((await world.get(id)).waitingFor?.code, 'WAITS_FOR_WINDOW');
  await pass(world, 595);
  assert.deepEqual(executions(world), [0, 0]);
  await pass(world, 10);

  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

/** A ledger with room for so many hosts at once. */
function ledger(allowed: number) {
  const down = new Map<string, LeaseWish>();
  const listeners = new Set<() => void>();
  let asked = 0;
  let isFreed = false;
  const free = ({ taskId }: { readonly taskId: string }): void => {
    isFreed = down.delete(taskId) || isFreed;
  };
  const budgets: NonNullable<TestRules['budgets']> = {
    take(wish) {
      asked += 1;
      if (down.size >= allowed) {
        const refusal = { budgetId: 'b', name: 'web', domain: 'bj1', allowed, down: down.size };
        return { kind: 'refused', budgets: [refusal] };
      }
      down.set(wish.taskId, wish);
      return { kind: 'granted' };
    },
    giveBack: free,
    drop: free,
    returning: () => [],
    setFailing: () => undefined,
    flush: async (transaction) => {
      const wasFreed = isFreed;
      isFreed = false;
      transaction.afterCommit(() => {
        if (wasFreed) for (const listener of listeners) listener();
      });
    },
    reload: async () => undefined,
    onRoom(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    impossibleFor: () => [],
    drawnBy: () => [],
    downIn: () => ({
      label: 'site=bj1',
      allowed,
      down: [...down.values()].map(({ taskId, rolloutId, hostId }) => ({
        hostId,
        causes: [{ kind: 'lease', since: 0 }],
        leases: [{ taskId, rolloutId, since: 0 }],
      })),
    }),
  };
  return { budgets, down, asked: () => asked };
}

test('a budget lets so many go at a time, whatever the rollout would allow, and says who it waits for', async () => {
  const { budgets, down, asked } = ledger(2);
  const world = await openTestRollouts(60, { rules: { budgets } });
  for (const host of world.fleet.hosts.values()) host.script = 'stuck';

  const { id } = await started(world, { inFlightMax: 50 }, 'test.change');
  const explained = await world.call<Explanation>('rollouts.explain', { params: { rolloutId: id } });
  for (let n = 0; n < 60; n++) {
    assert.ok(down.size <= 2);
    assert.equal(
      executions(world).reduce((sum, each) => sum + each, 0),
      Math.min(60, n + 2),
    );
    world.fleet.resume(world.hostId(n));
    await world.calm();
  }

  assert.equal((await world.get(id)).state, 'succeeded');
  const reason = explained.reasons.find(({ code }) => code === 'WAITS_FOR_BUDGET');
  assert.equal(reason?.hostsCount, 58);
  assert.equal(reason?.details['name'], 'web');
  assert.deepEqual([reason?.details['domain'], reason?.details['down']], ['site=bj1', 2]);
  assert.deepEqual(
    reason?.holders.map(({ by, hostName, rolloutId, title, person }) => [
      by,
      hostName,
      rolloutId,
      title,
      person,
    ]),
    ['web-0', 'web-1'].map((name) => ['lease', name, id, 'test', 'ann']),
  );
  // Sixty first askings, and about two for each that ended: never the whole line.
  assert.ok(asked() < 60 + 3 * 60, `${asked()} askings`);
  await world.close();
});

test('at most so many hosts with one label value are in flight', async () => {
  const world = await openTestRollouts(6);
  for (let n = 0; n < 6; n++) {
    world.changeHost(world.hostId(n), { labels: { rack: n < 4 ? 'a' : 'b' } });
    hostAt(world, n).script = 'stuck';
  }

  const { id } = await started(world, { inFlightPerLabel: { label: 'rack', max: 1 } });
  assert.deepEqual(executions(world), [1, 0, 0, 0, 1, 0]);
  world.fleet.resume(world.hostId(0));
  await world.calm();
  assert.deepEqual(executions(world), [1, 1, 0, 0, 1, 0]);
  for (let n = 1; n < 6; n++) {
    world.fleet.resume(world.hostId(n));
    await world.calm();
  }

  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('a plan with anything new passes over agents of the first release', async () => {
  const world = await openTestRollouts(2);
  hostAt(world, 1).isOld = true;
  world.fleet.connect(world.hostId(1));
  await world.calm();

  const { id } = await started(world, { waveFailuresMax: 1 });
  const plain = await started(world, {});

  assert.deepEqual((await world.get(id)).counts, {
    ...(await world.get(id)).counts,
    succeeded: 1,
    skipped: 1,
  });
  assert.equal((await world.get(plain.id)).counts.succeeded, 2);
  await world.close();
});

test('a plan that people have yet to approve waits for them, and starts by itself', async () => {
  let given = 0;
  const listeners = new Set<(digest: string) => void>();
  const authority: NonNullable<TestRules['authority']> = {
    missingFor: async () => (given < 2 ? { approvals: { required: 2, given } } : null),
    authorityOf: async () => undefined,
    onChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const world = await openTestRollouts(2, { rules: { authority } });
  const { id, planDigest } = await started(world, {});
  const approve = async (): Promise<Rollout> => {
    given += 1;
    for (const listener of listeners) listener(planDigest);
    await world.calm();
    return world.get(id);
  };

  const one = await approve();
  assert.deepEqual([one.state, one.waitingFor?.details['given']], ['awaiting-approval', 1]);
  assert.deepEqual(executions(world), [0, 0]);
  const two = await approve();

  assert.equal(two.state, 'succeeded');
  await world.close();
});

test('an approval that is taken back while a rollout is paused before its start holds it when it is resumed', async () => {
  let isApproved = true;
  const listeners = new Set<(digest: string) => void>();
  const authority: NonNullable<TestRules['authority']> = {
    missingFor: async () => (isApproved ? null : { approvals: { required: 1, given: 0 } }),
    authorityOf: async () => undefined,
    onChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  for (const resumesAfterMs of [0, 7_200_000]) {
    isApproved = true;
    const world = await openTestRollouts(2, { rules: { authority } });
    const { id, planDigest } = await world.run({
      notBefore: world.clock.now() + 3_600_000,
      expiresAt: world.clock.now() + 86_400_000,
    });
    const params = { rolloutId: id };
    const say = async (approved: boolean): Promise<void> => {
      isApproved = approved;
      for (const listener of listeners) listener(planDigest);
      await world.calm();
    };
    await world.call('rollouts.pause', { params, body: {} });
    await say(false);
    world.clock.advance(resumesAfterMs);
    await world.calm();

    const resumed = await world.call<Rollout>('rollouts.resume', { params });
    world.clock.advance(7_200_000);
    await world.calm();

    assert.equal(resumed.state, 'awaiting-approval');
    assert.equal((await world.get(id)).state, 'awaiting-approval');
    assert.deepEqual(executions(world), [0, 0]);
    await say(true);
    assert.equal((await world.get(id)).state, 'succeeded');
    await world.close();
  }
});

test('an approval that is taken back counts although it could not be read at once', async () => {
  let lacking: 'nothing' | 'unreadable' | 'approval' = 'nothing';
  const listeners = new Set<(digest: string) => void>();
  const authority: NonNullable<TestRules['authority']> = {
    async missingFor() {
      if (lacking === 'unreadable') throw new AppError('STORE_AWAY');
      return lacking === 'approval' ? { approvals: { required: 1, given: 0 } } : null;
    },
    authorityOf: async () => undefined,
    onChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const world = await openTestRollouts(2, { rules: { authority } });
  const { id, planDigest } = await world.run({
    notBefore: world.clock.now() + 3_600_000,
    expiresAt: world.clock.now() + 86_400_000,
  });
  assert.equal((await world.get(id)).state, 'scheduled');

  lacking = 'unreadable';
  for (const listener of listeners) listener(planDigest);
  await world.calm();
  lacking = 'approval';
  world.clock.advance(60_000);
  await world.calm();
  world.clock.advance(7_200_000);
  await world.calm();

  assert.equal((await world.get(id)).state, 'awaiting-approval');
  assert.deepEqual(executions(world), [0, 0]);
  await world.close();
});
