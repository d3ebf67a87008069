import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JSON_DEPTH_MAX, parseJson } from './parse-json.ts';

const arrays = (depth: number, inside = ''): string => '['.repeat(depth) + inside + ']'.repeat(depth);

test('what is not too deep is what JSON says', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(parseJson(text), JSON.parse(text));
    }),
  );
});

test('the depth is counted in arrays and objects, whatever lies at the bottom', () => {
  for (const inside of ['', '1', '"a"']) {
    assert.ok(Array.isArray(parseJson(arrays(JSON_DEPTH_MAX, inside))));
    assert.throws(() => parseJson(arrays(JSON_DEPTH_MAX + 1, inside)), SyntaxError);
  }
  assert.throws(() => parseJson(`{"a":${arrays(JSON_DEPTH_MAX)}}`), SyntaxError);
  assert.throws(() => parseJson(arrays(500_000)), SyntaxError);
  assert.throws(() => parseJson('[1'), SyntaxError);
});
