import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf } from './main.ts';
import { runSeed } from './run-seed.ts';

const SEEDS = 40;

test('in simulated worlds limits, budgets, windows, waves and gates hold, and every rollout ends truthfully', async () => {
  const failures: string[] = [];

  for (let seed = 1; seed <= SEEDS; seed++) {
    const failure = await failureOf(seed, null);
    if (failure !== null) failures.push(failure);
  }

  assert.deepEqual(failures, []);
});

test('a seed is the same world every time', async () => {
  const first = await runSeed(7);
  const second = await runSeed(7);

  assert.deepEqual(second, first);
});
