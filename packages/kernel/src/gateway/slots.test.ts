import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import fc from 'fast-check';
import { Slots } from './slots.ts';

const isBusy = (cause: unknown): boolean => isAppError(cause) && cause.code === 'GATEWAY_BUSY';

test('what would exceed the limit is refused, and there is room again once work has ended', async () => {
  const slots = new Slots();
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = slots.within('host', 1, () => promise);

  await assert.rejects(
    slots.within('host', 1, async () => undefined),
    isBusy,
  );
  resolve();
  await first;

  assert.equal(await slots.within('host', 1, async () => 'done'), 'done');
});

test('work that waits is carried out in the order it came, never more at once than allowed, failures included', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (fails, max) => {
        const slots = new Slots();
        const begun: number[] = [];
        let underWay = 0;
        let most = 0;
        const work = fails.map((isFailing, index) =>
          slots.inTurn('upload', { max, waitingMax: 100 }, async () => {
            begun.push(index);
            underWay += 1;
            most = Math.max(most, underWay);
            await new Promise((resolve) => setImmediate(resolve));
            underWay -= 1;
            if (isFailing) throw new Error('on purpose');
          }),
        );

        const ends = await Promise.allSettled(work);

        assert.deepEqual(
          ends.map((end) => end.status === 'rejected'),
          fails,
        );
        assert.deepEqual(
          begun,
          fails.map((_, index) => index),
        );
        assert.ok(most <= max);
      },
    ),
    { numRuns: 30 },
  );
});

test('those who wait are limited, too', async () => {
  const slots = new Slots();
  const { promise, resolve } = Promise.withResolvers<void>();
  const limits = { max: 1, waitingMax: 1 };
  const [first, second] = [0, 1].map(() => slots.inTurn('upload', limits, () => promise));

  await assert.rejects(
    slots.inTurn('upload', limits, () => promise),
    isBusy,
  );
  resolve();

  await Promise.all([first, second]);
});
