import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from './fake-clock.ts';

test('runs timers in the order they fall due, repeating ones again and cancelled ones never', () => {
  const clock = fakeClock(1000);
  const seen: string[] = [];
  clock.after(30, () => seen.push(`once ${clock.now()}`));
  clock.every(20, () => seen.push(`every ${clock.now()}`));
  clock.after(10, () => seen.push('cancelled'))();

  clock.advance(45);

  assert.deepEqual(seen, ['every 1020', 'once 1030', 'every 1040']);
  assert.equal(clock.now(), 1045);
});
