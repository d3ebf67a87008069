import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchWhileBusy } from './batch-while-busy.ts';

test('what arrives while a batch runs becomes the next batch', async () => {
  const batches: number[][] = [];
  const gates: (() => void)[] = [];
  const add = batchWhileBusy<number>({
    run: (items) => {
      batches.push([...items]);
      return new Promise((resolve) => gates.push(resolve));
    },
    itemsPerBatchMax: 2,
    itemsWaitingMax: 10,
  });

  const done = [add(1), add(2), add(3), add(4)];
  gates[0]?.();
  await done[0];
  gates[1]?.();
  await done[2];
  gates[2]?.();
  await Promise.all(done);

  assert.deepEqual(batches, [[1], [2, 3], [4]]);
});

test('a failing batch fails its own callers and no other', async () => {
  const add = batchWhileBusy<string>({
    run: async (items) => {
      if (items.includes('bad')) throw new Error('disk full');
    },
    itemsPerBatchMax: 1,
    itemsWaitingMax: 10,
  });

  const results = await Promise.allSettled([add('good'), add('bad'), add('good')]);

  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('refuses what would wait beyond the limit', async () => {
  const add = batchWhileBusy<number>({
    run: () => new Promise(() => {}),
    itemsPerBatchMax: 1,
    itemsWaitingMax: 1,
  });
  void add(1);
  void add(2);

  await assert.rejects(add(3), /wait already/);
});
