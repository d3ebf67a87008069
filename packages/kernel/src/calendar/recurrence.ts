/**
 * RFC 5545 recurrences, by rrule-temporal.
 *
 * Local times that do not exist on a day are left out and those that come twice are taken the first time, as the RFC says.
 * What people send is bounded before it is used: rules more often than hourly are refused, and the library's own caps end the
 * search for an occurrence that never comes.
 */
import { AppError, type Message, type Recurrence } from '@pilothouse/contract';
import { RRuleTemporal } from 'rrule-temporal';

/** Periods looked through for one occurrence: a leap day needs 8 years, also of a daily rule; a fifth Friday in February 28 of a yearly one. */
const ITERATIONS_MAX = 3000;
/** Moments looked at within them. */
const CANDIDATES_MAX = 20_000;
/** With COUNT everything from the start on is counted anew for each question. */
const COUNT_MAX = 1000;

/** From then on nothing occurs: days are added to what does, and the time is written with four digits for the year. */
const END_MS = Date.UTC(9000, 0, 1);

/** Moments in milliseconds since the epoch; null: there is none. */
export interface Occurrences {
  readonly firstAfter: (ms: number) => number | null;
  readonly lastUntil: (ms: number) => number | null;
}

/** AppError WINDOW_RULE_INVALID, WINDOW_TIME_ZONE_UNKNOWN. */
export function parseRecurrence({ rrule, timeZone, start }: Recurrence): Occurrences {
  const refuse = (problem: Message, cause?: unknown) =>
    new AppError('WINDOW_RULE_INVALID', { rule: rrule, problem }, { cause });
  const parts = rrule.toUpperCase().replace(/^RRULE:/, '');
  if (/[\r\n]/.test(parts)) throw refuse({ en: 'it has more than one line', zh: '包含多行' });
  const frequency = /(?:^|;)FREQ=(\w+)/.exec(parts)?.[1];
  if (frequency === 'SECONDLY' || frequency === 'MINUTELY')
    throw refuse({
      en: `FREQ=${frequency} is more often than hourly`,
      zh: `FREQ=${frequency} 的频率高于每小时一次`,
    });
  if (/(?:^|;)BYSECOND=/.test(parts))
    throw refuse({ en: 'BYSECOND is more often than once a minute', zh: 'BYSECOND 的频率高于每分钟一次' });
  if (Number(/(?:^|;)COUNT=(\d+)/.exec(parts)?.[1] ?? 0) > COUNT_MAX)
    throw refuse({ en: `COUNT is more than ${COUNT_MAX}`, zh: `COUNT 大于 ${COUNT_MAX}` });
  requireTimeZone(timeZone);
  const localStart = start.replaceAll(/[-:]/g, '');
  try {
    const rule = new RRuleTemporal({
      rruleString: `DTSTART;TZID=${timeZone}:${localStart}\nRRULE:${parts}`,
      strict: true,
      maxIterations: ITERATIONS_MAX,
      maxCandidateEvaluations: CANDIDATES_MAX,
    });
    return {
      firstAfter: (ms) => {
        const next = rule.next(new Date(ms))?.epochMilliseconds ?? END_MS;
        return next < END_MS ? next : null;
      },
      lastUntil: (ms) => rule.previous(new Date(ms), true)?.epochMilliseconds ?? null,
    };
  } catch (cause) {
    throw refuse(problemOf(cause), cause);
  }
}

/** The same, and asked once, so that a rule that cannot be evaluated is refused when it is made. */
export function checkRecurrence(recurrence: Recurrence, now: number): Occurrences {
  const occurrences = parseRecurrence(recurrence);
  let hasAny: boolean;
  try {
    hasAny = occurrences.firstAfter(now) !== null || occurrences.lastUntil(now) !== null;
  } catch (cause) {
    const problem = { en: 'it has no occurrence that can be found', zh: '找不到任何一次发生时间' };
    throw new AppError('WINDOW_RULE_INVALID', { rule: recurrence.rrule, problem }, { cause });
  }
  if (hasAny) return occurrences;
  const problem = { en: 'it never occurs', zh: '从不发生' };
  throw new AppError('WINDOW_RULE_INVALID', { rule: recurrence.rrule, problem });
}

/** The same of something that is to hold for a while; one that is over would close its hosts for ever. */
export function checkWindow(window: Recurrence & { readonly durationMs: number }, now: number): void {
  const { firstAfter, lastUntil } = checkRecurrence(window, now);
  if (firstAfter(now) !== null) return;
  const last = lastUntil(now);
  if (last !== null && last + window.durationMs > now) return;
  const problem = { en: 'it is over and never occurs again', zh: '已结束，不会再次发生' };
  throw new AppError('WINDOW_RULE_INVALID', { rule: window.rrule, problem });
}

function requireTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone }).format(0);
  } catch (cause) {
    throw new AppError('WINDOW_TIME_ZONE_UNKNOWN', { timeZone }, { cause });
  }
}

/** The library's own words, which it has in English alone, are a quotation. */
function problemOf(cause: unknown): Message {
  const words = cause instanceof Error ? cause.message : String(cause);
  const part = /\b(FREQ|INTERVAL|COUNT|UNTIL|WKST|BY[A-Z]+|DTSTART|RSCALE|SKIP)\b/.exec(words)?.[1];
  return part === undefined
    ? { en: `it is no rule of RFC 5545 ("${words}")`, zh: `不是 RFC 5545 规则（“${words}”）` }
    : { en: `${part} is not right ("${words}")`, zh: `${part} 部分有误（“${words}”）` };
}
