import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closedAt, type HostCalendar, type HostRule, openSpans } from './host-calendar.ts';
import type { TimeRule } from './open-state.ts';

const END = 200;

/** Open in the given spans, which do not touch. */
function spansRule(spans: readonly (readonly [number, number])[]): TimeRule {
  return {
    at(ms) {
      const span = spans.find(([, to]) => ms < to);
      if (span === undefined) return { isOpen: false, until: null };
      return ms < span[0] ? { isOpen: false, until: span[0] } : { isOpen: true, until: span[1] };
    },
  };
}

const spans = fc
  .uniqueArray(fc.integer({ min: 0, max: END }), { maxLength: 8 })
  .map((cuts) => cuts.sort((a, b) => a - b))
  .map((cuts) =>
    cuts.flatMap((from, at) => (at % 2 === 0 ? [[from, cuts[at + 1] ?? END + 1] as const] : [])),
  );
const rules = fc.array(
  fc
    .record({ spans, isCertain: fc.boolean() })
    .map(({ spans: given, isCertain }): HostRule => ({ name: 'w', rule: spansRule(given), isCertain })),
  { maxLength: 3 },
);
const calendars: fc.Arbitrary<HostCalendar> = fc.record({
  windows: rules,
  freezes: rules,
  planWindows: fc.array(spans.map(spansRule), { maxLength: 2 }),
});

const isOn = (rule: TimeRule, ms: number) => rule.at(ms).isOpen;

/** Whether the host is open however the undecided rules turn out: every combination of them is tried. */
function isOpenEitherWay({ windows, freezes, planWindows }: HostCalendar, ms: number): boolean {
  const combinations = (given: readonly HostRule[]): HostRule[][] =>
    given.reduce<HostRule[][]>(
      (all, rule) => (rule.isCertain ? all : [...all, ...all.map((some) => [...some, rule])]),
      [given.filter(({ isCertain }) => isCertain)],
    );
  return combinations(windows).every((some) =>
    combinations(freezes).every(
      (frozen) =>
        !frozen.some(({ rule }) => isOn(rule, ms)) &&
        (some.length === 0 || some.some(({ rule }) => isOn(rule, ms))) &&
        (planWindows.length === 0 || planWindows.some((rule) => isOn(rule, ms))),
    ),
  );
}

test('a host is open exactly when it is open however undecided rules turn out; freezes beat windows', () => {
  fc.assert(
    fc.property(calendars, (calendar) => {
      for (let ms = 0; ms <= END; ms++) {
        const closed = closedAt(calendar, ms);
        assert.equal(closed === null, isOpenEitherWay(calendar, ms), `at ${ms}`);
        assert.ok(closed === null || closed.until === null || closed.until > ms);
      }
    }),
  );
});

test('a host that is said to be closed until a moment is not open before it, and open spans are exactly the open moments', () => {
  fc.assert(
    fc.property(calendars, (calendar) => {
      const open = new Set<number>();
      for (const { from, to } of openSpans(calendar, { from: 0, to: END }, 1000).spans)
        for (let ms = from; ms < to; ms++) open.add(ms);
      for (let ms = 0; ms < END; ms++) {
        const closed = closedAt(calendar, ms);
        assert.equal(open.has(ms), closed === null, `at ${ms}`);
        for (let later = ms; closed !== null && later < Math.min(closed.until ?? END, END); later++)
          assert.ok(
            !isOpenEitherWay(calendar, later),
            `closed at ${ms} until ${closed.until}, open at ${later}`,
          );
      }
    }),
  );
});
