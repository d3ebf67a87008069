import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { createMemoryRelease } from './release-memory.ts';

test('collects once a burst has passed, and on a host that is never quiet twice a minute', () => {
  const clock = fakeClock();
  let collections = 0;
  const release = createMemoryRelease(clock, () => {
    collections += 1;
  });

  for (let times = 0; times < 3; times++) release();
  assert.equal(collections, 0, 'the burst is under way');
  clock.advance(10_000);
  assert.equal(collections, 1);
  for (let seconds = 0; seconds < 600; seconds++) {
    release();
    clock.advance(1000);
  }
  assert.ok(collections >= 19 && collections <= 21, `${String(collections)}`);
});
