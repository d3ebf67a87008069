import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation, Rollout } from '@pilothouse/contract';
import { openTestRollouts, principalOver, type TestRollouts } from '../open-test-rollouts.ts';
import { check, hostAt, judge, pass, SECOND, started, twoWaves } from '../test-stages.ts';

const MINUTE = 60 * SECOND;
const explain = (world: TestRollouts, rolloutId: string, principal = {}) =>
  world.call<Explanation>('rollouts.explain', { params: { rolloutId }, ...principal });

test('a halt at the limit of failures names the hosts, how they ended and what they said', async () => {
  const world = await openTestRollouts(6);
  for (let n = 0; n < 6; n++) hostAt(world, n).script = n === 1 || n === 2 ? 'fail' : 'succeed';
  hostAt(world, 1).stdout = '\n  cannot bind to port 80\nmore\n';

  const { id } = await started(world, { failuresMax: 1, waves: { kind: 'fixed', hostsPerWave: 3 } });
  const { rollout, failures, waves, unblocking } = await explain(world, id);

  assert.equal(rollout.cause.code, 'ROLLOUT_FAILURE_LIMIT');
  assert.equal(failures?.hostsCount, 2);
  assert.deepEqual(
    failures?.hosts.map(({ hostName, state, exitCode, line }) => [hostName, state, exitCode, line]),
    [
      ['web-1', 'failed', 1, 'cannot bind to port 80'],
      ['web-2', 'failed', 1, 'up 3 days'],
    ],
  );
  assert.deepEqual(
    waves.map(({ counts }) => [counts?.succeeded, counts?.failed, counts?.cancelled]),
    [
      [1, 2, 0],
      [0, 0, 3],
    ],
  );
  assert.equal(unblocking, null);
  await world.close();
});

test('a halt for canaries that tried nothing names them, and why each was skipped', async () => {
  const world = await openTestRollouts(4);
  const { id } = await world.run({
    notBefore: world.clock.now() + MINUTE,
    strategy: { waves: { kind: 'staged', canary: { hosts: 2 }, then: [{ percent: 100 }] } },
  });
  // Chosen among those that were there.
  for (const n of [0, 1]) world.changeHost(world.hostId(n), { isInMaintenance: true });
  world.clock.advance(MINUTE);
  await world.calm();
  const { rollout, failures, waves } = await explain(world, id);

  assert.equal(rollout.state, 'halted');
  assert.equal(rollout.cause.code, 'ROLLOUT_CANARY_UNTRIED');
  assert.deepEqual(
    failures?.hosts.map(({ hostName, state, error }) => [hostName, state, error?.code]),
    [
      ['web-0', 'skipped', 'TASK_HOST_IN_MAINTENANCE'],
      ['web-1', 'skipped', 'TASK_HOST_IN_MAINTENANCE'],
    ],
  );
  assert.deepEqual(
    waves.map(({ counts }) => [counts?.skipped, counts?.cancelled]),
    [
      [2, 0],
      [0, 2],
    ],
  );
  await world.close();
});

test('a reader is told of failures and holders on the hosts that they may see, and of no others', async () => {
  const world = await openTestRollouts(2);
  for (const host of world.fleet.hosts.values()) host.script = 'fail';
  const { id } = await started(world, {});

  const { failures } = await explain(world, id, {
    principal: principalOver((host) => host.id === world.hostId(1)),
  });

  assert.deepEqual([failures?.hostsCount, failures?.hosts[0]?.hostName], [1, 'web-1']);
  await world.close();
});

test('a host that other work holds is named with that work, whose it is and since when', async () => {
  const world = await openTestRollouts(2);
  hostAt(world, 0).script = 'stuck';
  const first = await started(world, {});
  world.clock.advance(4 * MINUTE);

  const second = await started(world, {});
  const { reasons, rollout } = await explain(world, second.id);

  const lock = reasons.find(({ code }) => code === 'WAITS_FOR_HOST_LOCK');
  const [holder] = lock?.holders ?? [];
  assert.deepEqual(
    [holder?.by, holder?.hostName, holder?.rolloutId, holder?.person],
    ['lock', 'web-0', first.id, 'ann'],
  );
  assert.equal(world.clock.now() - Date.parse(holder?.since ?? ''), 4 * MINUTE);
  assert.equal(rollout.waitingFor?.code, 'WAITS_FOR_HOST_LOCK');
  await world.close();
});

test('what a soak, the gates ahead and closed windows take is counted on top of the work', async () => {
  const { gates } = judge();
  let closedFrom = Number.POSITIVE_INFINITY;
  let opensAt = 0;
  const calendar = {
    closedFor: (_host: unknown, _windows: unknown, now: number) =>
      now >= closedFrom && now < opensAt
        ? ({ kind: 'window', name: 'nights', until: opensAt } as const)
        : null,
    openUntil: (_host: unknown, _windows: unknown, now: number) => (now < closedFrom ? closedFrom : null),
    checkWindows: () => undefined,
    neverOpen: () => [],
    onChanged: () => () => undefined,
  };
  const world = await openTestRollouts(6, { rules: { gates, calendar } });
  const soak = { ...check, soakMs: 10 * MINUTE };
  const { id } = await started(world, {
    ...twoWaves,
    gates: [soak, { kind: 'confirm', name: 'ok', after: 2, text: '?' }],
  });
  await pass(world, 60);
  closedFrom = world.clock.now() + 5 * MINUTE;
  opensAt = closedFrom + 20 * MINUTE;

  const { forecast, endsAt } = await explain(world, id);

  // Nine minutes of this soak, ten after each of two more waves; the second wave falls into the closed time.
  assert.equal(forecast?.gatesMs, 29 * MINUTE);
  assert.equal(forecast?.closedMs, 16 * MINUTE);
  assert.deepEqual(forecast?.dependsOn, ['WAITS_FOR_CONFIRMATION']);
  assert.equal(Date.parse(endsAt ?? ''), world.clock.now() + 45 * MINUTE);
  await world.close();
});

test('hosts that could not be undone are listed with the reason, while the rest are', async () => {
  const world = await openTestRollouts(4);
  hostAt(world, 1).script = 'fail';
  const rollout = await world.run({
    strategy: { failuresMax: 0, onFailure: 'rollback', inFlightMax: 1 },
    actions: [{ action: 'test.change', parameters: { text: 'x' } }],
  });
  await world.calm();

  const { notUndone, rollout: halted, failures } = await explain(world, rollout.id);
  const undoing = await explain(world, halted.rolledBackBy ?? '');

  assert.equal(halted.cause.code, 'ROLLOUT_ROLLBACK_FAILED');
  assert.deepEqual(
    notUndone?.hosts.map(({ hostName, state }) => [hostName, state]),
    [['web-1', 'failed']],
  );
  assert.equal(failures?.hosts[0]?.hostName, 'web-1');
  assert.equal(undoing.failures?.hosts[0]?.hostName, 'web-1');
  const undo: Rollout = undoing.rollout;
  assert.equal(undo.counts.succeeded, 1);
  await world.close();
});
