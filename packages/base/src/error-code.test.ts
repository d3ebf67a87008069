import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCode } from './error-code.ts';

test('reads the code of whatever was thrown', () => {
  assert.equal(errorCode(Object.assign(new Error('gone'), { code: 'ENOENT' })), 'ENOENT');

  const without = [
    new Error('plain'),
    Object.assign(new Error(), { code: 7 }),
    { code: 'ENOENT' },
    'no',
    null,
  ];
  for (const thrown of without) assert.equal(errorCode(thrown), null);
});
