import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOfText, type FactReport } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { createAlarms } from './alarms.ts';

const MINUTE_MS = 60_000;
const found = (digest: Digest): FactReport => ({
  kind: 'present',
  fact: 'services',
  digest,
  sizeBytes: 1,
  unknownLines: 0,
});

/** Raises an alarm in every second of so many hours; `next` gives the fact each time it is collected. */
function collectionsIn(hours: number, next: (count: number) => string): number {
  const clock = fakeClock();
  const alarms = createAlarms(clock);
  let count = 0;
  alarms.found(found(digestOfText('first')));
  for (let second = 0; second < hours * 3600; second += 10) {
    alarms.raise(['services']);
    for (const _fact of alarms.due()) alarms.found(found(digestOfText(next(++count))));
    clock.advance(10_000);
  }
  return count;
}

test('an alarm is followed at once, and one within the pause at its end', () => {
  const clock = fakeClock();
  const alarms = createAlarms(clock);

  alarms.raise(['services']);
  assert.deepEqual(alarms.due(), ['services']);
  alarms.found(found(digestOfText('one')));
  alarms.raise(['services']);
  assert.deepEqual(alarms.due(), []);
  clock.advance(MINUTE_MS);
  assert.deepEqual(alarms.due(), ['services']);
  assert.deepEqual(alarms.due(), [], 'once');
});

test('who cries wolf is listened to less, and who is right as often as the shortest pause lets', () => {
  assert.ok(collectionsIn(10, () => 'first') <= 10 * 4 + 4);
  assert.equal(
    collectionsIn(10, (count) => `${count}`),
    10 * 60,
  );
});

test('a change after many false alarms is listened to again at once', () => {
  const clock = fakeClock();
  const alarms = createAlarms(clock);
  const follow = (text: string): void => {
    clock.advance(16 * MINUTE_MS);
    alarms.raise(['services']);
    assert.deepEqual(alarms.due(), ['services']);
    alarms.found(found(digestOfText(text)));
  };
  for (let times = 0; times < 6; times++) follow('same');
  follow('other');

  clock.advance(MINUTE_MS);
  alarms.raise(['services']);
  assert.deepEqual(alarms.due(), ['services']);
});
