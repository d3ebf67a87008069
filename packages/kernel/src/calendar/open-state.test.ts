import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { recurringRule, ruleOf } from './open-state.ts';
import { checkRecurrence, checkWindow } from './recurrence.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Shanghai'];

/** Local wall time of a moment, by ICU alone. */
function localParts(timeZone: string) {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (ms: number) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return {
      weekday: parts['weekday']?.slice(0, 2).toUpperCase() ?? '',
      day: Number(parts['day']),
      clock: Number(parts['hour']) * 60 + Number(parts['minute']),
    };
  };
}

/** Starts found by looking at every minute: those whose local time is asked for, the first where it comes twice. */
function startsByMinute(
  timeZone: string,
  span: { from: number; to: number },
  isMeant: (weekday: string, clock: number) => boolean,
): number[] {
  const local = localParts(timeZone);
  const starts: number[] = [];
  let lastStart = { day: 0, clock: -1, at: 0 };
  for (let ms = span.from; ms < span.to; ms += MINUTE) {
    const { weekday, day, clock } = local(ms);
    if (!isMeant(weekday, clock)) continue;
    const isSecondTime = lastStart.day === day && lastStart.clock === clock && ms - lastStart.at < DAY / 2;
    if (!isSecondTime) starts.push(ms);
    lastStart = { day, clock, at: ms };
  }
  return starts;
}

const around = (iso: string) => ({ from: Date.parse(iso) - 4 * DAY, to: Date.parse(iso) + 4 * DAY });
const CHANGES = [
  around('2026-03-29T01:00:00Z'),
  around('2026-10-25T01:00:00Z'),
  around('2026-03-08T07:00:00Z'),
  around('2026-11-01T06:00:00Z'),
  around('2026-06-15T00:00:00Z'),
];

test('agrees with a look at every minute, over both changes of the clock, in three time zones', () => {
  fc.assert(
    fc.property(
      fc.record({
        timeZone: fc.constantFrom(...ZONES),
        span: fc.constantFrom(...CHANGES),
        days: fc.subarray(DAYS, { minLength: 1 }),
        clock: fc.integer({ min: 0, max: 1439 }),
        minutes: fc.integer({ min: 1, max: 30 * 60 }),
      }),
      ({ timeZone, span, days, clock, minutes }) => {
        const [hour, minute] = [Math.floor(clock / 60), clock % 60];
        const durationMs = minutes * MINUTE;
        const rule = recurringRule({
          rrule: `FREQ=WEEKLY;BYDAY=${days.join(',')};BYHOUR=${hour};BYMINUTE=${minute}`,
          timeZone,
          start: '2026-01-01T00:00:00',
          durationMs,
        });
        const starts = startsByMinute(
          timeZone,
          { from: span.from - 2 * DAY, to: span.to },
          (weekday, at) => days.includes(weekday) && at === clock,
        );
        for (let ms = span.from; ms < span.to; ms += 11 * MINUTE) {
          const isOpen = starts.some((start) => start <= ms && ms < start + durationMs);
          const state = rule.at(ms);
          assert.equal(state.isOpen, isOpen, `${timeZone} ${new Date(ms).toISOString()}`);
          assert.ok(state.until === null || state.until > ms);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('an hour that does not exist has no window, and one that comes twice has one', () => {
  const daily = (timeZone: string) =>
    recurringRule({ rrule: 'FREQ=DAILY', timeZone, start: '2026-01-01T02:30:00', durationMs: HOUR / 2 });
  const starts = (timeZone: string, fromIso: string, days: number) => {
    const rule = daily(timeZone);
    const found: string[] = [];
    const from = Date.parse(fromIso);
    for (let ms = from; ms < from + days * DAY; ) {
      const { isOpen, until } = rule.at(ms);
      if (isOpen) found.push(new Date(ms).toISOString());
      ms = until ?? Infinity;
    }
    return found;
  };

  // 29 March 2026, 02:30 does not exist in Berlin; from the 30th on it is summer time.
  assert.deepEqual(starts('Europe/Berlin', '2026-03-28T00:00:00Z', 3), [
    '2026-03-28T01:30:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ]);
  // 25 October 2026, 02:30 comes twice: the first, in summer time, counts.
  assert.deepEqual(starts('Europe/Berlin', '2026-10-24T00:00:00Z', 3), [
    '2026-10-24T00:30:00.000Z',
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ]);
  assert.deepEqual(starts('America/New_York', '2026-03-07T00:00:00Z', 3), [
    '2026-03-07T07:30:00.000Z',
    '2026-03-09T06:30:00.000Z',
  ]);
  assert.deepEqual(starts('Asia/Shanghai', '2026-03-28T00:00:00Z', 2), [
    '2026-03-28T18:30:00.000Z',
    '2026-03-29T18:30:00.000Z',
  ]);
});

test('windows that touch or overlap are one stretch', () => {
  const rule = recurringRule({
    rrule: 'FREQ=DAILY;COUNT=3',
    timeZone: 'Asia/Shanghai',
    start: '2026-01-01T00:00:00',
    durationMs: DAY,
  });

  assert.deepEqual(rule.at(Date.parse('2026-01-01T00:00:00Z')), {
    isOpen: true,
    until: Date.parse('2026-01-03T16:00:00Z'),
  });
  assert.deepEqual(rule.at(Date.parse('2026-02-01T00:00:00Z')), { isOpen: false, until: null });
});

test('a freeze from one moment to another', () => {
  const rule = ruleOf({ from: '2026-12-31T12:00:00.000Z', to: '2027-01-02T00:00:00.000Z' });

  assert.deepEqual(rule.at(Date.parse('2026-12-31T11:59:59Z')), {
    isOpen: false,
    until: Date.parse('2026-12-31T12:00:00Z'),
  });
  assert.equal(rule.at(Date.parse('2027-01-01T00:00:00Z')).isOpen, true);
  assert.deepEqual(rule.at(Date.parse('2027-01-02T00:00:00Z')), { isOpen: false, until: null });
});

test('rules that are too often, never occur or are no rules are refused', () => {
  const check = (rrule: string, timeZone = 'Europe/Berlin', start = '2026-01-01T00:00:00') =>
    checkRecurrence({ rrule, timeZone, start }, Date.UTC(2026, 5));

  for (const rule of [
    'FREQ=SECONDLY',
    'FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=HOURLY;BYYEARDAY=366;BYMONTH=1',
    'FREQ=DAILY;BYSECOND=0,1,2,3,4,5',
    'FREQ=DAILY;COUNT=1000000',
    'FREQ=DAILY;INTERVAL=0',
    'FREQ=DAILY\nRRULE:FREQ=SECONDLY',
    'FREQ=FORTNIGHTLY',
    'BYDAY=MO',
    'every monday',
    '',
  ])
    assert.throws(() => check(rule), { code: 'WINDOW_RULE_INVALID' }, rule);
  assert.throws(() => check('FREQ=DAILY', 'Mars/Olympus'), { code: 'WINDOW_TIME_ZONE_UNKNOWN' });
  assert.throws(() => check('FREQ=DAILY', 'UTC', '2026-02-31T00:00:00'), { code: 'WINDOW_RULE_INVALID' });
  check('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29');
  check('RRULE:FREQ=MONTHLY;BYDAY=1TU');
});

test('a window that is over is refused, one under way for the last time is not', () => {
  const last = { rrule: 'FREQ=DAILY;UNTIL=20260105T220000Z', timeZone: 'UTC', start: '2026-01-01T22:00:00' };
  const check = (at: string) => () => checkWindow({ ...last, durationMs: 4 * HOUR }, Date.parse(at));

  assert.throws(check('2026-01-06T02:00:00Z'), { code: 'WINDOW_RULE_INVALID' });
  check('2026-01-06T01:59:00Z')();
  check('2026-01-02T12:00:00Z')();
});

test('any text for a rule is refused or answers, within bounds', () => {
  const part = fc.oneof(
    fc.constantFrom('FREQ=DAILY', 'FREQ=HOURLY', 'FREQ=YEARLY', 'BYDAY=MO', 'BYMONTHDAY=31', 'BYMONTH=2'),
    fc.constantFrom('INTERVAL=997', 'BYSETPOS=-1', 'BYHOUR=0,23', 'BYYEARDAY=-366', 'BYWEEKNO=53', 'WKST=SU'),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const recurrence = { rrule: parts.join(';'), timeZone: 'Europe/Berlin', start: '2020-01-01T02:30:00' };
      try {
        checkRecurrence(recurrence, Date.UTC(2026, 5));
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'WINDOW_RULE_INVALID');
        return;
      }
      const state = recurringRule({ ...recurrence, durationMs: HOUR }).at(Date.UTC(2026, 5));
      assert.ok(state.until === null || state.until > Date.UTC(2026, 5));
    }),
    { numRuns: 100 },
  );
});

test('a daily rule for leap days has its next one found, also over the eight years without', () => {
  const rule = recurringRule({
    rrule: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29',
    timeZone: 'Asia/Shanghai',
    start: '2024-01-01T02:00:00',
    durationMs: HOUR,
  });

  assert.deepEqual(rule.at(Date.parse('2028-03-01T00:00:00Z')), {
    isOpen: false,
    until: Date.parse('2032-02-28T18:00:00Z'),
  });
  assert.equal(rule.at(Date.parse('2096-03-01T00:00:00Z')).until, Date.parse('2104-02-28T18:00:00Z'));
});
