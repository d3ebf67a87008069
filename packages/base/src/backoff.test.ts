import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from './backoff.ts';

test('grows exponentially to its ceiling and spreads over the whole range', () => {
  const options = { firstMs: 100, maxMs: 1000 };

  assert.equal(backoffMs(0, options, 0.5), 50);
  assert.equal(backoffMs(2, options, 0.5), 200);
  assert.equal(backoffMs(50, options, 0.999), 999);
  assert.equal(backoffMs(3, options, 0), 0);
});
