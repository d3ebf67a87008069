import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JSON_DEPTH_MAX, mendHalves, parseJson } from './parse-json.ts';

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
  assert.throws(() => parseJson(`{"__proto__":${arrays(JSON_DEPTH_MAX)}}`), SyntaxError);
  assert.throws(() => parseJson(arrays(500_000)), SyntaxError);
  assert.throws(() => parseJson('[1'), SyntaxError);
});

test('half a character is no text: it is refused, or mended where that is asked for', () => {
  const halves = [
    '"\\ud800"',
    '{"\\uDFFF":1}',
    '["\\ud83d\\\\\\ude00"]',
    '"\\\\\\ud800x"',
    '"\\udc00\\ud800"',
    '"\ud800"',
  ];
  const whole = ['"\\ud83d\\ude00"', '"\\\\ud800"', '"\\u00e9\\n"', '"😀"', '{"\\uD83D\\uDE00":"\\ufffd"}'];

  for (const text of halves) {
    assert.throws(() => parseJson(text), SyntaxError, text);
    assert.ok(isWhole(parseJson(mendHalves(text))), text);
  }
  for (const text of whole) assert.deepEqual(parseJson(text), JSON.parse(text));
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }), (value) => {
      const text = JSON.stringify(value);
      assert.equal(mendHalves(text) === text, isWhole(value));
      // As JSON has it, which knows no negative zero.
      assert.deepEqual(parseJson(mendHalves(text)), wholeOf(JSON.parse(text)));
    }),
  );
});

/** By the language's own words for it. */
const isWhole = (value: unknown): boolean => !/(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(JSON.stringify(value));
const wholeOf = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wholeOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.toWellFormed(), wholeOf(inner)]),
  );
};
