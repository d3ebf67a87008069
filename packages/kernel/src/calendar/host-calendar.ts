/**
 * When one host is open.
 *
 * A host with windows is open while any of them is; a host without is always open. A plan's windows narrow that. Freezes beat
 * both. Where it cannot be decided whether a rule covers the host, the host is open only if it is open either way: a freeze
 * that may cover it closes it; a window that may cover it can only close it while no window surely covers it.
 */
import type { TimeRule } from './open-state.ts';
import type { Closed, TimeSpan } from './service.ts';

/** A window or a freeze as far as one host is concerned; never with the verdict `false`. */
export interface HostRule {
  readonly name: string;
  readonly rule: TimeRule;
  readonly isCertain: boolean;
}

export interface HostCalendar {
  readonly windows: readonly HostRule[];
  readonly freezes: readonly HostRule[];
  readonly planWindows: readonly TimeRule[];
}

/** Facts may arrive that decide what is undecided. */
const UNDECIDED_AGAIN_MS = 30_000;
/** Transitions looked at in one search: hourly windows and freezes over 92 days are 4416. */
const TRANSITIONS_MAX = 5000;

/** Null: open. */
export function closedAt({ windows, freezes, planWindows }: HostCalendar, ms: number): Closed | null {
  for (const { name, rule, isCertain } of freezes) {
    const { isOpen: isFrozen, until } = rule.at(ms);
    if (isFrozen) return { kind: 'freeze', name, until: isCertain ? until : soon(ms, until) };
  }
  const certain = windows.filter(({ isCertain }) => isCertain);
  if (certain.length > 0) {
    const until = nextOpening(certain, ms);
    if (until !== 'open') return { kind: 'window', name: namesOf(certain), until };
  }
  for (const { name, rule } of certain.length > 0 ? [] : windows) {
    const { isOpen, until } = rule.at(ms);
    if (!isOpen) return { kind: 'window', name, until: soon(ms, until) };
  }
  if (planWindows.length === 0) return null;
  const until = nextOpening(
    planWindows.map((rule) => ({ rule })),
    ms,
  );
  return until === 'open' ? null : { kind: 'window', name: PLAN_WINDOW, until };
}

/** What a plan's own windows are called where a name is wanted. */
export const PLAN_WINDOW = 'plan';
const NAMES_SHOWN_MAX = 3;

function namesOf(rules: readonly HostRule[]): string {
  const shown = rules.slice(0, NAMES_SHOWN_MAX).map(({ name }) => name);
  return rules.length > NAMES_SHOWN_MAX ? `${shown.join(', ')}, …` : shown.join(', ');
}

const soon = (ms: number, until: number | null): number =>
  Math.min(until ?? Infinity, ms + UNDECIDED_AGAIN_MS);

/** `open` when one is; otherwise when the first of them opens, null: never. */
function nextOpening(rules: readonly { readonly rule: TimeRule }[], ms: number): number | 'open' | null {
  let next: number | null = null;
  for (const { rule } of rules) {
    const { isOpen, until } = rule.at(ms);
    if (isOpen) return 'open';
    if (until !== null) next = Math.min(next ?? until, until);
  }
  return next;
}

/** Until when a host that is open now certainly stays open; null: for ever. */
export function openUntil({ windows, freezes, planWindows }: HostCalendar, ms: number): number | null {
  const starts = freezes.map(({ rule }) => rule.at(ms).until);
  const certain = windows.filter(({ isCertain }) => isCertain);
  const ends = [
    certain.length > 0 ? latest(certain.map(({ rule }) => rule.at(ms))) : null,
    planWindows.length > 0 ? latest(planWindows.map((rule) => rule.at(ms))) : null,
    ...(certain.length > 0 ? [] : windows.map(({ rule }) => rule.at(ms).until)),
  ];
  const moments = [...starts, ...ends].filter((moment) => moment !== null);
  return moments.length === 0 ? null : Math.min(...moments);
}

const latest = (states: readonly { isOpen: boolean; until: number | null }[]): number | null => {
  const open = states.filter(({ isOpen }) => isOpen);
  return open.some(({ until }) => until === null) ? null : Math.max(...open.map(({ until }) => until ?? 0));
};

/** The open spans within a span, in order and joined; `isCut`: there may be more. */
export function openSpans(
  calendar: HostCalendar,
  span: TimeSpan,
  spansMax: number,
): { readonly spans: TimeSpan[]; readonly isCut: boolean } {
  const spans: TimeSpan[] = [];
  let ms = span.from;
  for (let step = 0; ms < span.to; step++) {
    if (step === TRANSITIONS_MAX) return { spans, isCut: true };
    const closed = closedAt(calendar, ms);
    if (closed !== null) {
      if (closed.until === null) break;
      ms = Math.max(closed.until, ms + 1);
      continue;
    }
    const to = Math.min(openUntil(calendar, ms) ?? span.to, span.to);
    const last = spans.at(-1);
    if (last?.to === ms) spans[spans.length - 1] = { from: last.from, to };
    else if (spans.length === spansMax) return { spans, isCut: true };
    else spans.push({ from: ms, to });
    ms = to;
  }
  return { spans, isCut: false };
}

/** Whether there is an open moment within the span; where that takes too long to say, there may be one. */
export function opensWithin(calendar: HostCalendar, span: TimeSpan): boolean {
  let ms = span.from;
  for (let step = 0; ms < span.to && step < TRANSITIONS_MAX; step++) {
    const closed = closedAt(calendar, ms);
    if (closed === null) return true;
    if (closed.until === null) return false;
    ms = Math.max(closed.until, ms + 1);
  }
  return ms < span.to;
}
