import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstOf } from './first-of.ts';

interface Item {
  readonly rank: number;
  readonly at: number;
}
const byRank = (a: Item, b: Item): number => a.rank - b.rank;

test('it is what sorting would put first, equal items in the order in which they came', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(40), (ranks, count) => {
      const items = ranks.map((rank, at) => ({ rank, at }));

      assert.deepEqual(firstOf(items, count, byRank), items.toSorted(byRank).slice(0, count));
    }),
  );
});
