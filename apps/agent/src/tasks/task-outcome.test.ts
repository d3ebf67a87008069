import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentAuthorityErrors, renderMessage } from '@pilothouse/contract';
import { boundedDetails } from './task-outcome.ts';

test('what fills an error’s text stays in both languages, and all of it is bounded', () => {
  const wanted = { en: '1 signature', zh: '1 个签名' };

  const details = boundedDetails({
    wanted,
    given: 0,
    list: [1, 2],
    long: 'x'.repeat(2000),
    far: { en: 'y'.repeat(2000), zh: '' },
  });

  assert.deepEqual(details['wanted'], wanted);
  assert.deepEqual([details['given'], details['list']], [0, '[1,2]']);
  assert.equal(details['long'], 'x'.repeat(500));
  assert.equal(JSON.stringify(details['far']).length, 500 + '{"en":"","zh":""}'.length);
  const { title } = agentAuthorityErrors.TASK_NOT_SIGNED;
  assert.match(renderMessage(title, 'zh', { effect: 'destructive', problems: '-', ...details }), /1 个签名/);
});
