import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type Gate, type MadePlan, type Rollout, type Strategy } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { carryOverGates } from '../plans/draft-from-steps.ts';
import { retryStrategy } from '../plans/index.ts';
import { openTestRollouts, type TestRollouts } from './open-test-rollouts.ts';
import { hostAt, judge, pass, started } from './test-stages.ts';

interface Retried {
  readonly rollout: Rollout;
  readonly made: MadePlan;
  readonly leftOutGates: string[];
}
const retry = (world: TestRollouts, rolloutId: string, body: object = {}) =>
  world.call<Retried>('rollouts.retry', { params: { rolloutId }, body });

const compare: Gate = {
  kind: 'compare',
  name: 'control',
  after: 1,
  measures: [{ kind: 'vital', vital: 'load1' }],
  falseHaltRate: 0.1,
  soakMs: 5000,
};
const canary: Partial<Strategy> = {
  waves: { kind: 'staged', canary: { hosts: 5 }, then: [{ percent: 100 }] },
  failuresMax: 4,
  gates: [compare, { kind: 'wait', name: 'rest', after: 1, waitMs: 1000 }],
};

test('a retry keeps the comparison, and compares with hosts that no attempt has touched', async () => {
  const { asked, gates } = judge();
  const world = await openTestRollouts(20, { rules: { gates } });
  for (let n = 0; n < 5; n++) hostAt(world, n).script = 'fail';
  const { id } = await started(world, canary);
  assert.equal((await world.get(id)).state, 'halted');
  for (let n = 0; n < 5; n++) hostAt(world, n).script = 'succeed';

  const again = await retry(world, id, {
    strategy: { waves: { kind: 'staged', canary: { hosts: 4 }, then: [{ percent: 100 }] } },
  });
  await world.calm();
  await pass(world, 10);

  assert.deepEqual(again.leftOutGates, []);
  assert.deepEqual(
    again.made.plan.header.strategy.gates?.map((gate) => gate.name),
    ['control', 'rest'],
  );
  const touched = new Set([0, 1, 2, 3, 4].map((n) => world.hostId(n)));
  // The judge reads the store first, which no fake clock waits for.
  const last = await until('the gate to be judged', 10_000, async () => asked.at(-1));
  assert.equal(last.touched.length, 4);
  assert.ok(last.untouched.length >= 11, String(last.untouched.length));
  assert.deepEqual(
    last.untouched.filter((hostId) => touched.has(hostId)),
    [],
  );
  await world.close();
});

test('a comparison that nobody is left for falls away and is named; one that is asked for is refused', async () => {
  const { gates } = judge();
  const world = await openTestRollouts(20, { rules: { gates } });
  for (let n = 0; n < 4; n++) hostAt(world, n).script = 'fail';
  const { id } = await started(world, canary);
  await pass(world, 60);
  assert.equal((await world.get(id)).state, 'failed');

  const strategy = { waves: { kind: 'fixed', hostsPerWave: 1 } };
  const refused = await retry(world, id, { strategy: { ...strategy, gates: [compare] } }).then(
    () => null,
    (error: unknown) => error,
  );
  const { leftOutGates, made } = await retry(world, id, { strategy });

  assert.ok(refused instanceof AppError);
  assert.equal(refused.code, 'PLAN_GATE_TOO_FEW_HOSTS');
  assert.deepEqual(leftOutGates, ['control']);
  assert.deepEqual(
    made.plan.header.strategy.gates?.map((gate) => gate.name),
    ['rest'],
  );
  assert.equal(made.plan.header.strategy.failuresMax, 4);
  await world.close();
});

test('a comparison stays only where hosts that are fresh can decide it', () => {
  const wave = (hostsCount: number, freshCount: number) => ({ hostsCount, freshCount });

  assert.deepEqual(carryOverGates([compare], [wave(5, 0), wave(15, 15)]).leftOut, []);
  assert.deepEqual(carryOverGates([compare], [wave(5, 5), wave(15, 0)]).leftOut, ['control']);
  assert.deepEqual(carryOverGates([compare], [wave(1, 1), wave(1, 1)]).leftOut, ['control']);
  assert.deepEqual(carryOverGates([{ ...compare, after: 4 }], [wave(5, 5), wave(15, 15)]).leftOut, [
    'control',
  ]);
});

test('count and share of one limit are one saying', () => {
  const before = { ...strategyOfRun, failuresMax: 0, waveFailuresMax: 0 };

  assert.deepEqual(limits(retryStrategy(before, { failuresPercentMax: 10 }, 40)), [4, 10, 0, undefined]);
  assert.deepEqual(limits(retryStrategy({ ...before, failuresPercentMax: 10 }, { failuresMax: 7 }, 40)), [
    7,
    undefined,
    0,
    undefined,
  ]);
  assert.deepEqual(limits(retryStrategy(before, { waveFailuresPercentMax: 5 }, 40)), [
    0,
    undefined,
    undefined,
    5,
  ]);
  assert.deepEqual(limits(retryStrategy(before, {}, 40)), [0, undefined, 0, undefined]);
});

const strategyOfRun: Strategy = {
  waves: { kind: 'all' },
  inFlightMax: 10,
  failuresMax: null,
  offline: 'skip',
  taskTimeoutMs: 60_000,
  factsAgeMaxMs: null,
};
const limits = (strategy: Strategy) => [
  strategy.failuresMax,
  strategy.failuresPercentMax,
  strategy.waveFailuresMax,
  strategy.waveFailuresPercentMax,
];
