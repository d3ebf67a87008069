import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoundedQueue } from './bounded-queue.ts';

test('keeps order, loses nothing and never holds more than its limit', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.array(fc.option(fc.integer())),
      (lengthMax, commands) => {
        const queue = new BoundedQueue<number>(lengthMax);
        const model: number[] = [];

        for (const command of commands) {
          if (command === null) assert.equal(queue.shift(), model.shift());
          else if (queue.push(command)) model.push(command);
          else assert.equal(model.length, lengthMax);
        }

        assert.equal(queue.length, model.length);
        assert.ok(queue.length <= lengthMax);
      },
    ),
  );
});

test('stays in order when its inner array is compacted', () => {
  const queue = new BoundedQueue<number>(10_000);
  for (let i = 0; i < 5000; i++) queue.push(i);
  for (let i = 0; i < 5000; i++) assert.equal(queue.shift(), i);
  assert.equal(queue.shift(), undefined);
});
