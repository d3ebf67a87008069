import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWireSimulation } from './run-wire-seed.ts';

const SEEDS = 15;

test('over bytes and a disk that fails in the middle of a write nothing acknowledged is lost, nothing runs twice, and all ends', async () => {
  const failures: string[] = [];
  const simulation = await createWireSimulation();

  for (let seed = 1; seed <= SEEDS; seed++) {
    const failure = await simulation.failureOf(seed);
    if (failure !== null) failures.push(failure);
  }

  assert.deepEqual(failures, []);
});

test('a seed is the same world of bytes every time', async () => {
  const simulation = await createWireSimulation();

  const first = await simulation.runSeed(12);
  const second = await simulation.runSeed(12);

  assert.deepEqual(second, first);
});
