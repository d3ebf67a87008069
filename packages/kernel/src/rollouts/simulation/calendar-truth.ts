import type { FreezeSpan, HostId, PlanWindow } from '@pilothouse/contract';
import type { Random } from './random.ts';

export const HOURLY = 'FREQ=HOURLY';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A window or a freeze that a person of the world has asked for. */
export interface AskedRule {
  readonly kind: 'window' | 'freeze';
  readonly name: string;
  /** Null: all hosts. */
  readonly hostId: HostId | null;
  readonly span: FreezeSpan;
  /** Its person was told that it stands, and nobody has asked to remove it since. */
  isCertain: boolean;
  /** It may stand, for all anybody knows. */
  isPossible: boolean;
}

/** Hourly by the clock, or nightly where people live: around a change to or from summer time, too. */
export function anyRecurrence(random: Random): PlanWindow {
  const hourly = { rrule: HOURLY, timeZone: 'UTC', start: '2026-01-01T00:05:00' };
  if (random.isLikely(0.6)) return { ...hourly, durationMs: random.pick([20, 40]) * 60_000 };
  const timeZone = random.pick(['Europe/Berlin', 'America/New_York', 'Asia/Shanghai']);
  const hour = random.pick(['05', '12', '22']);
  return {
    rrule: 'FREQ=DAILY',
    timeZone,
    start: `2026-01-01T${hour}:00:00`,
    durationMs: random.pick([4, 10]) * HOUR_MS,
  };
}

/** Worked out the long way round, from what RFC 5545 says, without the calendar's library. */
export function covers(span: FreezeSpan, ms: number): boolean {
  if ('from' in span) return ms >= Date.parse(span.from) && ms < Date.parse(span.to);
  const period = span.rrule === HOURLY ? HOUR_MS : DAY_MS;
  const first = Date.parse(`${span.start}Z`);
  // Local time stands still for an hour at most, twice a year: one period more on each side covers that.
  for (let at = Math.floor((ms - span.durationMs - first) / period) - 2; ; at++) {
    const start = utcOf(first + at * period, span.timeZone);
    if (start > ms) return false;
    if (at >= 0 && ms < start + span.durationMs) return true;
  }
}

/** The moment at which clocks of the zone show what `localMs` is in UTC. */
function utcOf(localMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return localMs;
  const guess = localMs - offsetAt(localMs, timeZone);
  return localMs - offsetAt(guess, timeZone);
}

function offsetAt(ms: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(ms / 60_000) * 60_000;
}

/** Whether a host is certainly closed, by what people were told stands. */
export function isClosed(
  rules: readonly AskedRule[],
  planWindows: readonly PlanWindow[],
  { hostId, now }: { readonly hostId: HostId; readonly now: number },
): boolean {
  const own = rules.filter((rule) => rule.hostId === null || rule.hostId === hostId);
  if (own.some((rule) => rule.kind === 'freeze' && rule.isCertain && covers(rule.span, now))) return true;
  const windows = own.filter((rule) => rule.kind === 'window');
  const hasWindow = windows.some(({ isCertain }) => isCertain);
  // One that may stand may open it.
  if (hasWindow && !windows.some((rule) => rule.isPossible && covers(rule.span, now))) return true;
  return planWindows.length > 0 && !planWindows.some((window) => covers(window, now));
}
