import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMandate } from '@pilothouse/contract';
import { readConstraint, writeMandate } from './write-mandate.ts';

test('words become constraints: a value, several, a pattern', () => {
  assert.deepEqual(readConstraint('unit=nginx.service'), ['unit', { equals: 'nginx.service' }]);
  assert.deepEqual(readConstraint('count=3'), ['count', { equals: 3 }]);
  assert.deepEqual(readConstraint('unit=a|b'), ['unit', { oneOf: ['a', 'b'] }]);
  assert.deepEqual(readConstraint('unit~web@*.service'), ['unit', { pattern: 'web@*.service' }]);
  assert.deepEqual(readConstraint('argv=["date","-u"]'), ['argv', { equals: ['date', '-u'] }]);
  assert.throws(() => readConstraint('argv=["date'), { code: 'CLI_VALUE_INVALID' });
  assert.throws(() => readConstraint('unit'), { code: 'CLI_VALUE_INVALID' });
});

test('what is written is a mandate that a host reads', () => {
  const text = writeMandate({
    title: 'nightly',
    createdBy: 'ada',
    action: 'services.restart',
    parameters: ['unit=nginx.service'],
    hostIds: null,
    selector: undefined,
    usesMax: 3,
    notBefore: '2026-01-01T00:00:00.000Z',
    expiresAt: '2026-02-01T00:00:00.000Z',
    isBreakGlass: false,
    nonce: '12345678',
  });

  assert.deepEqual(readMandate(text)?.actions, [
    { action: 'services.restart', parameters: { unit: { equals: 'nginx.service' } } },
  ]);
});
