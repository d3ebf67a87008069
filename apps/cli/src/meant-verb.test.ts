import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meantVerb } from './meant-verb.ts';

test('finds the verb that was meant', () => {
  const verbs = ['hosts', 'host', 'rollouts', 'rollout', 'findings'];

  assert.equal(meantVerb('hsots', verbs), 'hosts');
  assert.equal(meantVerb('find', verbs), 'findings');
  assert.equal(meantVerb('rolout', verbs), 'rollout');
  assert.equal(meantVerb('deploy', verbs), null);
});
