import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parameterOf } from './parameter-option.ts';

test('reads parameters as people write them on one line', () => {
  assert.deepEqual(
    ['file:string!', 'lines:number=10', 'quiet:boolean=false', 'mode:choice(fast, safe)=safe'].map((spec) => {
      const { name, kind, isRequired } = parameterOf(spec);
      return { name, kind, isRequired, default: parameterOf(spec).default };
    }),
    [
      { name: 'file', kind: 'string', isRequired: true, default: undefined },
      { name: 'lines', kind: 'number', isRequired: false, default: 10 },
      { name: 'quiet', kind: 'boolean', isRequired: false, default: false },
      { name: 'mode', kind: 'choice', isRequired: false, default: 'safe' },
    ],
  );
});

test('refuses what is not a parameter', () => {
  for (const spec of [
    'file',
    'File:string',
    'n:number=ten',
    'c:choice',
    'c:choice()',
    'x:text',
    'b:boolean=yes',
  ]) {
    assert.throws(() => parameterOf(spec), /CLI_VALUE_INVALID/, spec);
  }
});
