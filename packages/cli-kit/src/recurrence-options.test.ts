import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showDuration, windowOf, windowText } from './recurrence-options.ts';

test('a window of a plan is four words, and reads back as it was given', () => {
  const said = 'FREQ=WEEKLY;BYDAY=SA,SU 2026-01-03T22:00 1h30m Europe/Berlin';

  const window = windowOf(said);

  assert.deepEqual(window, {
    rrule: 'FREQ=WEEKLY;BYDAY=SA,SU',
    start: '2026-01-03T22:00:00',
    durationMs: 90 * 60_000,
    timeZone: 'Europe/Berlin',
  });
  assert.equal(windowText(window), said);
  assert.deepEqual(windowOf(`RRULE:${said}`), window);
});

test('what is no window is refused with an example', () => {
  for (const said of [
    '',
    'FREQ=DAILY',
    'FREQ=DAILY 22:00 4h Europe/Berlin',
    'FREQ=DAILY 2026-01-03T22:00 four Europe/Berlin',
    'FREQ=DAILY 2026-01-03T22:00 1s Europe/Berlin',
    'FREQ=DAILY 2026-01-03T22:00 4h Europe/Berlin and more',
  ])
    assert.throws(() => windowOf(said), /CLI_VALUE_INVALID/, said);
});

test('lengths are shown as they are typed', () => {
  assert.deepEqual(
    [0, 30, 60, 90, 1440].map((minutes) => showDuration(minutes * 60_000)),
    ['0m', '30m', '1h', '1h30m', '24h'],
  );
});
