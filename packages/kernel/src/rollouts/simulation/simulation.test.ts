import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulation } from './run-seed.ts';

const SEEDS = 40;

test('in simulated worlds limits, budgets, windows, waves and gates hold, and every rollout ends truthfully', async () => {
  const failures: string[] = [];
  const simulation = await createSimulation();

  for (let seed = 1; seed <= SEEDS; seed++) {
    const failure = await simulation.failureOf(seed);
    if (failure !== null) failures.push(failure);
  }

  assert.deepEqual(failures, []);
});

test('a seed is the same world every time', async () => {
  const simulation = await createSimulation();

  const first = await simulation.runSeed(7);
  const second = await simulation.runSeed(7);

  assert.deepEqual(second, first);
});
