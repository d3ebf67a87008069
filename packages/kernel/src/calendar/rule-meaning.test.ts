import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type Window } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { entryOf, principalOver } from '../rollouts/open-test-rollouts.ts';
import type { SelectService } from '../select/service.ts';
import type { CalendarDeps } from './create-calendar.ts';
import { createRuleBook } from './rule-book.ts';
import { meaningOf } from './rule-meaning.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const hosts = [1, 2, 3].map((n) => entryOf(`h_00000000000000000${n}`, `web-${n}`));
const night: Window = {
  name: 'night',
  selector: 'label.role == "web"',
  rrule: 'FREQ=DAILY',
  timeZone: 'Europe/Berlin',
  start: '2026-01-01T22:00:00',
  durationMs: 4 * 3_600_000,
  reason: '',
  changedBy: 'ada',
  changedAt: '2026-01-01T00:00:00.000Z',
  etag: '1',
};

/** The first two hosts are covered, the third is undecided; `lost`: the selector means nothing any more. */
function book(rule: Window, { now = NOW, lost = false } = {}) {
  const clock = fakeClock(now);
  const run: SelectService['run'] = async (text) => {
    if (lost && text !== 'true') throw new AppError('SELECTOR_INVALID', {});
    return text === 'true'
      ? { matched: [...hosts], undetermined: [] }
      : { matched: hosts.slice(0, 2), undetermined: hosts.slice(2) };
  };
  const compile = (): never => {
    throw new AppError('SELECTOR_INVALID', {});
  };
  // Of both only what is asked of them here.
  const deps = { select: { run, compile } } as unknown as CalendarDeps;
  const rules = createRuleBook(deps);
  rules.put({ kind: 'window', record: rule });
  const context = { clock } as unknown as Parameters<typeof meaningOf>[0]['context'];
  return (includes: (host: { id: string }) => boolean = () => true) =>
    meaningOf({ rules, context, deps }, { kind: 'window', record: rule }, principalOver(includes));
}

test('a window says when it opens next in UTC, over the zone of its rule, and whom it covers', async () => {
  const { isOn, next, ...covered } = await book(night)();

  assert.equal(isOn, false);
  assert.deepEqual(
    next.map(({ from, to }) => [from, to]),
    [1, 2, 3, 4, 5].map((day) => [`2026-01-0${day}T21:00:00.000Z`, `2026-01-0${day + 1}T01:00:00.000Z`]),
  );
  assert.deepEqual(covered, {
    hostsCount: 2,
    hosts: hosts.slice(0, 2).map(({ id, name }) => ({ hostId: id, hostName: name })),
    undeterminedCount: 1,
  });
});

test('what is on now is the first of the times, counted from now; a rule that is over has none', async () => {
  const open = await book(night, { now: Date.parse('2026-01-01T23:30:00Z') })();
  const over = await book(
    { ...night, rrule: 'FREQ=DAILY;UNTIL=20260102T000000Z' },
    { now: NOW + 5 * 86_400_000 },
  )();

  assert.equal(open.isOn, true);
  assert.deepEqual(open.next[0], { from: '2026-01-01T23:30:00.000Z', to: '2026-01-02T01:00:00.000Z' });
  assert.equal(open.next.length, 5);
  assert.deepEqual([over.isOn, over.next], [false, []]);
});

test('hosts outside the reader’s scope are not counted, and a selector that is lost is undecided for all', async () => {
  const first = (host: { id: string }) => host.id === hosts[0]?.id;

  const seen = await book(night)(first);
  const lost = await book(night, { lost: true })();

  assert.deepEqual([seen.hostsCount, seen.undeterminedCount], [1, 0]);
  assert.deepEqual([lost.hostsCount, lost.undeterminedCount], [0, 3]);
});
