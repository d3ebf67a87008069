import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRecurrence } from '../calendar/index.ts';
import { dueOccurrences, ON_TIME_MS } from './due-occurrences.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const hourly = { firstAfter: (ms: number) => (Math.floor(ms / HOUR) + 1) * HOUR };

test('in time it is carried out; nothing is due before its time', () => {
  const terms = { missed: 'skip', lateMsMax: HOUR } as const;

  assert.deepEqual(dueOccurrences(hourly, terms, { nextAt: HOUR, now: HOUR + 5000 }), {
    due: HOUR,
    missed: [],
    missedCount: 0,
    nextAt: 2 * HOUR,
  });
  assert.equal(dueOccurrences(hourly, terms, { nextAt: HOUR, now: HOUR - 1 }).due, null);
});

test('after an absence the last is run once, late, or left out, as the terms say; the others are missed', () => {
  const at = { nextAt: HOUR, now: 4 * HOUR + 10 * MINUTE };
  const late = dueOccurrences(hourly, { missed: 'run-once-late', lateMsMax: HOUR }, at);
  const tooLate = dueOccurrences(hourly, { missed: 'run-once-late', lateMsMax: 5 * MINUTE }, at);
  const skipped = dueOccurrences(hourly, { missed: 'skip', lateMsMax: HOUR }, at);

  assert.deepEqual([late.due, late.missed], [4 * HOUR, [HOUR, 2 * HOUR, 3 * HOUR]]);
  assert.deepEqual([tooLate.due, tooLate.missedCount], [null, 4]);
  assert.deepEqual([skipped.due, skipped.missedCount, skipped.nextAt], [null, 4, 5 * HOUR]);
});

test('every occurrence that has passed is carried out or missed, at most one is carried out, and time goes on', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 0, max: 300 * 60 }),
      fc.constantFrom('skip' as const, 'run-once-late' as const),
      fc.integer({ min: MINUTE, max: 3 * HOUR }),
      (first, minutes, missed, lateMsMax) => {
        const nextAt = first * HOUR;
        const now = nextAt + minutes * MINUTE;
        const found = dueOccurrences(hourly, { missed, lateMsMax }, { nextAt, now });

        assert.equal(found.missedCount + (found.due === null ? 0 : 1), Math.floor(minutes / 60) + 1);
        assert.ok(found.nextAt !== null && found.nextAt > now);
        if (found.due !== null)
          assert.ok(now - found.due <= (missed === 'skip' ? ON_TIME_MS : Math.max(lateMsMax, ON_TIME_MS)));
        assert.deepEqual(
          [...found.missed].sort((a, b) => a - b),
          found.missed,
        );
      },
    ),
  );
});

test('a recurrence that has come to its end is not asked again', () => {
  const once = { firstAfter: () => null };

  assert.deepEqual(dueOccurrences(once, { missed: 'skip', lateMsMax: HOUR }, { nextAt: HOUR, now: HOUR }), {
    due: HOUR,
    missed: [],
    missedCount: 0,
    nextAt: null,
  });
});

test('over both changes of the clock a daily one occurs once a day, at its local time, or not at all where there is none', () => {
  const nightly = { rrule: 'FREQ=DAILY', timeZone: 'Europe/Berlin', start: '2026-01-01T02:30:00' };
  const terms = { missed: 'run-once-late', lateMsMax: HOUR } as const;
  /** Looks every minute, as a server that is never away. */
  const carriedOut = (fromIso: string, days: number): string[] => {
    const recurrence = parseRecurrence(nightly);
    const from = Date.parse(fromIso);
    const found: string[] = [];
    let nextAt = recurrence.firstAfter(from);
    for (let now = from; now < from + days * 24 * HOUR && nextAt !== null; now += MINUTE) {
      const seen = dueOccurrences(recurrence, terms, { nextAt, now });
      assert.equal(seen.missedCount, 0);
      if (seen.due !== null) found.push(new Date(seen.due).toISOString());
      nextAt = seen.nextAt;
    }
    return found;
  };

  // On 29 March there is no 02:30 in Berlin; on 25 October there are two, and the first counts.
  assert.deepEqual(carriedOut('2026-03-28T00:00:00Z', 3), [
    '2026-03-28T01:30:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ]);
  assert.deepEqual(carriedOut('2026-10-24T00:00:00Z', 3), [
    '2026-10-24T00:30:00.000Z',
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ]);
});
