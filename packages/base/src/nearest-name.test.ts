import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearestName } from './nearest-name.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 3, maxLength: 10 });

test('one slip anywhere is one slip: a letter lost, added, changed or swapped with its neighbour', () => {
  fc.assert(
    fc.property(word, fc.nat(), fc.nat(3), (name, at, way) => {
      const i = at % (name.length - 1);
      const rest = name.slice(i + 1);
      const typed = [
        name.slice(0, i) + rest,
        `${name.slice(0, i)}x${name.slice(i)}`,
        `${name.slice(0, i)}x${rest}`,
        `${name.slice(0, i)}${rest[0] ?? ''}${name[i] ?? ''}${rest.slice(1)}`,
      ][way];
      assert.ok(typed !== undefined);

      assert.equal(nearestName(typed, ['', name], 1), name);
    }),
  );
});

test('chooses the nearest, whatever its case, and none beyond the limit', () => {
  const known = ['os.name', 'os.versionId', 'kernel'];

  assert.equal(nearestName('OS.versionid', known), 'os.versionId');
  assert.equal(nearestName('something else', known, 3), null);
  assert.equal(nearestName('kernel', []), null);
});
