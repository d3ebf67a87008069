import { MINUTE_MS } from '@pilothouse/base';
import type { ScheduleTerms } from '@pilothouse/contract';
import type { Occurrences } from '../calendar/index.ts';

/** A tick that comes this much after its time is in time. */
export const ON_TIME_MS = 2 * MINUTE_MS;
/** Missed occurrences that are recorded one by one; the rest of a long absence is counted. */
const MISSED_RECORDED_MAX = 50;
/** Occurrences looked through after an absence: a year of an hourly schedule. */
const LOOKED_AT_MAX = 10_000;

/** Whether an occurrence that is so late is still to be carried out. */
export const isStillWanted = (
  { missed, lateMsMax }: Pick<ScheduleTerms, 'missed' | 'lateMsMax'>,
  lateMs: number,
): boolean => lateMs <= ON_TIME_MS || (missed === 'run-once-late' && lateMs <= lateMsMax);

/** What has fallen due, and what becomes of it. Times are milliseconds since the epoch. */
export interface DueOccurrences {
  /** The one to carry out; null: all were missed. */
  readonly due: number | null;
  /** Oldest first, cut to the newest. */
  readonly missed: readonly number[];
  readonly missedCount: number;
  /** Null: the recurrence has come to its end. */
  readonly nextAt: number | null;
}

/**
 * Of several occurrences that have fallen due only the last can still be carried out, and only when it is in time, or when
 * the terms say that a late one is run and it is not too late.
 */
export function dueOccurrences(
  recurrence: Pick<Occurrences, 'firstAfter'>,
  terms: Pick<ScheduleTerms, 'missed' | 'lateMsMax'>,
  { nextAt, now }: { readonly nextAt: number; readonly now: number },
): DueOccurrences {
  const passed: number[] = [];
  let next: number | null = nextAt;
  for (let looked = 0; next !== null && next <= now && looked < LOOKED_AT_MAX; looked++) {
    passed.push(next);
    next = recurrence.firstAfter(next);
  }
  const last = passed.at(-1);
  if (last === undefined) return { due: null, missed: [], missedCount: 0, nextAt };
  const isCarriedOut = isStillWanted(terms, now - last);
  const left = isCarriedOut ? passed.slice(0, -1) : passed;
  return {
    due: isCarriedOut ? last : null,
    missed: left.slice(-MISSED_RECORDED_MAX),
    missedCount: left.length,
    nextAt: next,
  };
}
