import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type MadePlan, type Rollout } from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import { admin, openTestRollouts, principalOver, type TestRollouts } from './open-test-rollouts.ts';

const none = { isAll: false, isNone: true, includes: () => false };

/** Holds everything everywhere but `permission`, which it holds on the hosts named. */
function limitedIn(permission: string, hostIds: readonly string[]): Principal {
  const everywhere = principalOver(() => true);
  const some = {
    isAll: false,
    isNone: hostIds.length === 0,
    includes: (host: { id: string }) => hostIds.includes(host.id),
  };
  return {
    ...everywhere,
    has: (asked) => asked !== permission || hostIds.length > 0,
    scope: (asked) => (asked === permission ? some : everywhere.scope(asked)),
  };
}

async function planned(world: TestRollouts, notBefore?: string): Promise<string> {
  const made = await world.call<MadePlan>('plans.create', {
    body: {
      title: 'test',
      target: { selector: 'true' },
      actions: [{ action: 'guarded.any', parameters: { text: 'uptime' } }],
      notBefore,
    },
  });
  return made.plan.digest;
}

async function refusal(act: Promise<unknown>): Promise<{ code: string; details: unknown }> {
  const error = await act.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError);
  return { code: error.code, details: error.details };
}

const lacking = { permission: 'test.arbitrary', count: 1, hosts: 'web-1' };

test('whoever starts a plan of somebody else needs what its actions ask for, on every target', async () => {
  const world = await openTestRollouts(2);
  const planDigest = await planned(world);
  const principal = limitedIn('test.arbitrary', [world.hostId(0)]);

  const byRoute = await refusal(world.call('rollouts.start', { body: { planDigest }, principal }));
  const byDryRun = await refusal(
    world.call('rollouts.start', { body: { planDigest, kind: 'dry-run' }, principal }),
  );
  const byPlugin = await refusal(world.room.rollouts.start(principal, planDigest, 'run'));

  for (const refused of [byRoute, byDryRun, byPlugin])
    assert.deepEqual(refused, { code: 'PLAN_PERMISSION_LACKING', details: lacking });
  assert.equal((await world.call<{ items: unknown[] }>('rollouts.list')).items.length, 0);
  await world.close();
});

test('what a plan asks of its starter is still known after the server has restarted', async () => {
  const world = await openTestRollouts(2);
  const planDigest = await planned(world);
  const after = await world.crash();
  const principal = limitedIn('test.arbitrary', [world.hostId(0)]);

  const refused = await refusal(after.call('rollouts.start', { body: { planDigest }, principal }));

  assert.equal(refused.code, 'PLAN_PERMISSION_LACKING');
  await after.close();
});

test('a plan that a plugin vouched for asks its starter and its repeater for no more than its maker', async () => {
  const world = await openTestRollouts(1);
  const principal = limitedIn('test.arbitrary', []);
  const { plan } = await world.room.rollouts.plan(admin, {
    title: 'reviewed',
    target: { selector: 'true' },
    actions: [{ action: 'guarded.any', parameters: { text: 'x' }, permission: 'test.reviewed' }],
    strategy: {},
  });

  const first = await world.room.rollouts.start(principal, plan.digest, 'run');
  await world.calm();
  const again = await world.call<{ rollout: Rollout }>('rollouts.retry', {
    params: { rolloutId: first.id },
    principal,
  });
  const refused = await refusal(
    world.call('rollouts.retry', {
      params: { rolloutId: first.id },
      principal: limitedIn('test.reviewed', []),
    }),
  );

  assert.equal(again.rollout.retryOf, first.id);
  assert.equal(refused.code, 'PLAN_PERMISSION_LACKING');
  await world.close();
});

test('a retry and a resume take the same rights as a start, pausing and cancelling do not', async () => {
  const world = await openTestRollouts(2);
  const principal = limitedIn('test.arbitrary', [world.hostId(0)]);
  const unable = limitedIn('rollouts.start', [world.hostId(0)]);
  const planDigest = await planned(world, new Date(world.clock.now() + 60_000).toISOString());
  const started = await world.call<Rollout>('rollouts.start', { body: { planDigest } });
  const params = { rolloutId: started.id };

  await world.call('rollouts.pause', { params, principal });
  const resumed = await refusal(world.call('rollouts.resume', { params, principal }));
  const resumedUnable = await refusal(world.call('rollouts.resume', { params, principal: unable }));
  await world.call('rollouts.cancel', { params, principal });
  await world.calm();
  const retried = await refusal(world.call('rollouts.retry', { params, principal }));
  const retriedUnable = await refusal(world.call('rollouts.retry', { params, principal: unable }));

  assert.deepEqual(resumed, { code: 'PLAN_PERMISSION_LACKING', details: lacking });
  assert.equal(resumedUnable.code, 'PLAN_HOST_FORBIDDEN');
  assert.deepEqual(retried, { code: 'PLAN_PERMISSION_LACKING', details: lacking });
  assert.equal(retriedUnable.code, 'PLAN_HOST_FORBIDDEN');
  await world.close();
});

test('a plan whose hosts a person cannot see does not exist for them, and no refusal names such a host', async () => {
  const world = await openTestRollouts(2);
  const planDigest = await planned(world);
  const first = world.hostId(0);
  const blind: Principal = { ...admin, has: () => true, scope: () => none };
  const onlyFirst = principalOver(({ id }) => id === first);

  const unseen = await refusal(world.call('rollouts.start', { body: { planDigest }, principal: blind }));
  const partly = await refusal(world.call('rollouts.start', { body: { planDigest }, principal: onlyFirst }));

  assert.equal(unseen.code, 'NOT_FOUND');
  assert.deepEqual(partly, {
    code: 'PLAN_HOST_FORBIDDEN',
    details: { effect: 'disruptive', count: 1, hosts: '…' },
  });
  await world.close();
});
