import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation, Gate, Rollout } from '@pilothouse/contract';
import type { Notification } from '../notifications/service.ts';
import { openTestRollouts, type TestRules } from './open-test-rollouts.ts';
import { check, executions, holds, hostAt, judge, pass, probed, started, twoWaves } from './test-stages.ts';

test('the next wave opens when its gate has held for the whole soak, and not a look before', async () => {
  const { gates, asked } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });

  const { id } = await started(world, { ...twoWaves, gates: [check] });
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  assert.equal((await world.get(id)).waitingFor?.code, 'WAITS_FOR_SOAK');
  await pass(world, 55);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await pass(world, 5);

  assert.deepEqual(executions(world), [1, 1, 1, 1]);
  assert.deepEqual(
    asked.slice(0, 7).map((view) => view.isSoakOver),
    [false, false, false, false, false, false, true],
  );
  assert.deepEqual([asked[0]?.touched.length, asked[0]?.untouched.length], [2, 2]);
  await pass(world, 60);
  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('a gate that cannot be evaluated holds and says why; what was soaked before stays', async () => {
  const { gates, said } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...twoWaves, gates: [check] });
  await pass(world, 40);

  said.verdict = { kind: 'undetermined', reason: { code: 'GATE_NOT_JUDGED', details: {} }, evidence: {} };
  await pass(world, 600);
  const { waitingFor } = await world.get(id);
  said.verdict = holds;
  await pass(world, 20);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await pass(world, 15);

  assert.equal(waitingFor?.code, 'WAITS_FOR_GATE');
  assert.deepEqual(waitingFor?.details['reason'], { code: 'GATE_NOT_JUDGED', details: {} });
  assert.deepEqual(executions(world), [1, 1, 1, 1]);
  await world.close();
});

test('a gate that fails during the soak halts at once, and names rule, wave and evidence', async () => {
  const { gates, said } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...twoWaves, gates: [check] });
  await pass(world, 20);

  said.verdict = {
    kind: 'fails',
    reason: { code: 'GATE_NOT_JUDGED', details: {} },
    evidence: { load: 17, hosts: ['web-0'] },
  };
  await pass(world, 10);

  const { state, cause } = await world.get(id);
  assert.equal(state, 'halted');
  assert.equal(cause.code, 'ROLLOUT_GATE_FAILED');
  assert.equal(cause.details['rule'], 'true');
  assert.deepEqual(cause.details['evidence'], { load: 17, hosts: ['web-0'] });
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await world.close();
});

test('a touched host that is decommissioned in the soak is no host that fails', async () => {
  const world = await openTestRollouts(4);
  const { id } = await started(world, { ...probed, onFailure: 'halt' });
  assert.deepEqual(executions(world), [1, 1, 0, 0]);

  world.fleet.disconnect(world.hostId(0));
  world.changeHost(world.hostId(0), null);
  await pass(world, 60);

  assert.deepEqual(executions(world), [1, 1, 1, 1]);
  await pass(world, 30);
  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('a restart in the middle of a soak goes on with it; the time in which nobody watched is no soak', async () => {
  const { gates } = judge();
  const first = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(first, { ...twoWaves, gates: [check] });
  await pass(first, 30);

  first.clock.advance(3_000_000);
  const world = await first.crash();
  world.fleet.connectAll();
  await world.calm();
  await pass(world, 5);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await pass(world, 25);

  assert.deepEqual(executions(world), [1, 1, 1, 1]);
  assert.equal((await world.get(id)).wave, 1);
  await world.close();
});

test('probes are asked of touched hosts again and again, and one that begins to fail halts', async () => {
  const world = await openTestRollouts(4);
  const { id } = await started(world, probed);
  await pass(world, 10);

  hostAt(world, 1).probes = 'failing';
  await pass(world, 10);

  const { state, cause } = await world.get(id);
  assert.equal(state, 'halted');
  assert.match(JSON.stringify(cause.details), /GATE_PROBES_FAILING.*web-1/);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  const asked = (n: number) => hostAt(world, n).received.filter((frame) => frame.kind === 'probe').length;
  assert.deepEqual([asked(0), asked(1), asked(2)], [3, 3, 0]);
  await world.close();
});

test('a host that does not answer its probes counts as failing, once its time is over', async () => {
  const world = await openTestRollouts(4);
  const { id } = await started(world, probed);
  hostAt(world, 0).probes = null;
  await pass(world, 25);
  assert.equal((await world.get(id)).state, 'running');

  await pass(world, 30);

  assert.equal((await world.get(id)).state, 'halted');
  await world.close();
});

test('a gate for people waits for one of them, by name, and the rollout says so', async () => {
  const world = await openTestRollouts(4);
  const gates: Gate[] = [{ kind: 'confirm', name: 'looks-good', after: 1, text: 'is the page well?' }];
  const { id } = await started(world, { ...twoWaves, gates });
  await pass(world, 600);
  const explained = await world.call<Explanation>('rollouts.explain', { params: { rolloutId: id } });
  const say = (gate: string) =>
    world.call<Rollout>('rollouts.confirm', { params: { rolloutId: id }, body: { gate } });

  await assert.rejects(say('another'), { code: 'ROLLOUT_GATE_NOT_NOW' });
  await say('looks-good');
  await world.calm();

  assert.equal(explained.rollout.waitingFor?.code, 'WAITS_FOR_CONFIRMATION');
  assert.deepEqual(explained.unblocking?.permission, 'rollouts.control');
  assert.equal((await world.get(id)).state, 'succeeded');
  const passed = world.audits.find((record) => record.action === 'rollout.gate-passed');
  assert.equal(passed?.details['confirmedBy'], 'ann');
  await world.close();
});

test('waits let time pass and messages are queued with the commit that passes their gate', async () => {
  const sent: Notification[] = [];
  const notifications: NonNullable<TestRules['notifications']> = {
    hasChannel: () => true,
    enqueue: async (transaction, notification) => transaction.afterCommit(() => sent.push(notification)),
  };
  const world = await openTestRollouts(4, { rules: { notifications } });
  const gates: Gate[] = [
    { kind: 'notify', name: 'tell', after: 'each', channel: 'team', text: 'wave done' },
    { kind: 'wait', name: 'tea', after: 'each', waitMs: 60_000 },
  ];

  const { id } = await started(world, { ...twoWaves, gates });
  await pass(world, 55);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await pass(world, 5);

  // After the last wave there is nothing to wait for, and still something to tell.
  assert.equal((await world.get(id)).state, 'succeeded');
  assert.deepEqual(
    sent.map(({ channel, data }) => [channel, data['wave']]),
    [
      ['team', 1],
      ['team', 2],
    ],
  );
  await world.close();
});
