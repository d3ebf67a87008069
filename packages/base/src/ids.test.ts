import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from './ids.ts';

const source = (now: number) => ({ now: () => now, fill: (target: Uint8Array) => target.fill(31) });

test('a later id sorts after an earlier one', () => {
  const earlier = newId('h', source(1_700_000_000_000));
  const later = newId('h', source(1_700_000_000_001));

  assert.ok(earlier < later);
  assert.match(earlier, /^h_[0-9a-hjkmnp-tv-z]{18}$/);
});
