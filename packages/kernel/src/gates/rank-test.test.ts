import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chanceOfHigher, smallestP } from './rank-test.ts';

/** A generator with a seed, so that the shares below are the same in every run. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** By trying every assignment: the definition itself. */
function byDefinition(touched: readonly number[], untouched: readonly number[]): number {
  const all = [...touched, ...untouched];
  const rankOf = (value: number) =>
    all.filter((other) => other < value).length + all.filter((other) => other === value).length / 2;
  const ranks = all.map(rankOf);
  const sumOf = (picked: readonly number[]) => picked.reduce((sum, index) => sum + (ranks[index] ?? 0), 0);
  const seen = sumOf(touched.map((_, index) => index));
  let total = 0;
  let atLeast = 0;
  for (let mask = 0; mask < 2 ** all.length; mask++) {
    const picked = all.map((_, index) => index).filter((index) => (mask >> index) & 1);
    if (picked.length !== touched.length) continue;
    total += 1;
    if (sumOf(picked) >= seen - 1e-9) atLeast += 1;
  }
  return atLeast / total;
}

test('the chance is the share of assignments that look at least as bad, ties included', () => {
  const values = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(values, values, (touched, untouched) => {
      assert.ok(Math.abs(chanceOfHigher(touched, untouched) - byDefinition(touched, untouched)) < 1e-9);
    }),
  );
});

test('where nothing changed, it halts no more often than it says', () => {
  const next = uniform(7);
  const sample = (count: number) => Array.from({ length: count }, () => -Math.log(1 - next()));
  for (const [touched, untouched] of [
    [3, 30],
    [5, 5],
    [2, 400],
    [40, 40],
  ] as const) {
    const runs = 2000;
    let halts = 0;
    for (let run = 0; run < runs; run++)
      if (chanceOfHigher(sample(touched), sample(untouched)) <= 0.05) halts += 1;

    assert.ok(halts / runs <= 0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs), `${halts} of ${runs}`);
  }
});

test('a clear difference is seen with as few hosts as can show one', () => {
  const untouched = Array.from({ length: 99 }, (_, index) => index / 100);

  assert.equal(chanceOfHigher([5], untouched), 0.01);
  assert.ok(chanceOfHigher([5, 6, 7], untouched.slice(0, 20)) < 0.001);
  assert.ok(chanceOfHigher([0.001, 0.002], untouched) > 0.9);
});

test('no p is below the smallest that so many hosts can give', () => {
  const values = fc.array(fc.double({ noNaN: true, min: 0, max: 1 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(values, values, (touched, untouched) => {
      assert.ok(chanceOfHigher(touched, untouched) >= smallestP(touched.length, untouched.length) - 1e-12);
    }),
  );
  assert.equal(smallestP(1, 9), 0.1);
  assert.equal(smallestP(0, 9), 1);
});

test('the exact and the approximate way agree where they meet', () => {
  const next = uniform(11);
  for (let run = 0; run < 20; run++) {
    const touched = Array.from({ length: 20 }, () => next() + 0.1);
    const untouched = Array.from({ length: 40 }, () => next());
    const exact = chanceOfHigher(touched, untouched);
    // One host more goes over the line to the approximation; it sits in the middle and moves p but little.
    const approximate = chanceOfHigher(touched, [...untouched, 0.55]);

    assert.ok(Math.abs(exact - approximate) < 0.03, `${exact} ${approximate}`);
  }
});
