import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareDebVersion } from './compare-deb-version.ts';
import { compareRpmVersion } from './compare-rpm-version.ts';

const versions = fc
  .tuple(
    fc.option(fc.integer({ min: 0, max: 3 })),
    fc.string({
      unit: fc.constantFrom('0', '1', '2', '9', 'a', 'b', '.', '~', '+', '^'),
      minLength: 1,
      maxLength: 8,
    }),
    fc.option(fc.string({ unit: fc.constantFrom('0', '1', 'e', 'l', '.', '~'), minLength: 1, maxLength: 5 })),
  )
  .map(
    ([epoch, version, release]) =>
      `${epoch === null ? '' : `${epoch}:`}1${version}${release === null ? '' : `-${release}`}`,
  );

const debTable = [
  ['1.0', '1.0', 0],
  ['1.0~rc1', '1.0', -1],
  ['1.0', '1.0a', -1],
  ['1.0-1', '1.0-1+deb12u1', -1],
  ['1:0.9', '2.0', 1],
  ['1.10', '1.9', 1],
  ['3.0.15-1~deb12u1', '3.0.15-1', -1],
  ['1.0~~', '1.0~', -1],
  ['2.0+git', '2.0.1', -1],
] as const;

const rpmTable = [
  ['1.0', '1.0', 0],
  ['1.0~rc1', '1.0', -1],
  ['1.0^git1', '1.0', 1],
  ['1.0^git1', '1.0.1', -1],
  ['1.1.1f-2.oe1', '1.1.1f-13.oe1', -1],
  ['1:3.0.12-1.oe2403', '3.1.0-1.oe2403', 1],
  ['5.10.0-60.18.0', '5.10.0-60.115.0', -1],
  ['1.0.a', '1.0.1', -1],
  ['2.4.58', '2.4.58-3.oe2403', 0],
  ['1.0.1', '1.0_1', 0],
] as const;

test('dpkg order: known pairs', () => {
  for (const [a, b, order] of debTable) assert.equal(Math.sign(compareDebVersion(a, b)), order, `${a} ${b}`);
});

test('rpm order: known pairs', () => {
  for (const [a, b, order] of rpmTable) assert.equal(Math.sign(compareRpmVersion(a, b)), order, `${a} ${b}`);
});

test('both orders are antisymmetric', () => {
  fc.assert(
    fc.property(versions, versions, (a, b) => {
      for (const compare of [compareDebVersion, compareRpmVersion]) {
        assert.equal(Math.sign(compare(a, b)), -Math.sign(compare(b, a)) + 0);
      }
    }),
  );
});

test('the order of dpkg is transitive', () => {
  fc.assert(
    fc.property(versions, versions, versions, (a, b, c) => {
      const [x = '', y = '', z = ''] = [a, b, c].sort(compareDebVersion);

      assert.ok(compareDebVersion(x, y) <= 0 && compareDebVersion(y, z) <= 0 && compareDebVersion(x, z) <= 0);
    }),
  );
});

test('agrees with dpkg itself', () => {
  for (const [a, b, order] of debTable) {
    const relation = order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq';
    assert.equal(
      spawnSync('dpkg', ['--compare-versions', a, relation, b]).status,
      0,
      `${a} ${relation} ${b}`,
    );
  }
});
