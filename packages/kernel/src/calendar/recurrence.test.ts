import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timestamp, toTimestamp } from '@pilothouse/contract';
import { checkRecurrence, parseRecurrence } from './recurrence.ts';

const NOW = Date.UTC(2026, 0, 1);
const rule = (start: string, rrule = 'FREQ=YEARLY') => ({ start, rrule, timeZone: 'Asia/Shanghai' });

test('nothing occurs at a time that cannot be written with four digits for the year', () => {
  const { firstAfter } = parseRecurrence(rule('8995-06-01T00:00:00'));
  const found: string[] = [];
  for (let at = firstAfter(NOW); at !== null; at = firstAfter(at)) found.push(toTimestamp(at));
  assert.equal(found.length, 5);
  for (const text of found) assert.ok(Timestamp.safeParse(text).success, text);
});

test('a rule that begins at the end of the calendar never occurs, and is refused', () => {
  assert.equal(parseRecurrence(rule('9999-12-25T22:00:00', 'FREQ=DAILY')).firstAfter(NOW), null);
  assert.throws(() => checkRecurrence(rule('9999-12-31T22:00:00'), NOW), { code: 'WINDOW_RULE_INVALID' });
});
