import {
  digestOfJson,
  OCCURRENCES_SHOWN_MAX,
  type Occurrence,
  type Schedule,
  type ScheduleTerms,
  toTimestamp,
} from '@pilothouse/contract';
import { type Occurrences, parseRecurrence } from '../calendar/index.ts';
import type { OccurrenceRecord, ScheduleRecord } from './schedules-store.ts';

/** The schedules as they stand, with their recurrences parsed. */
export interface ScheduleBook {
  readonly records: ReadonlyMap<string, ScheduleRecord>;
  put(record: ScheduleRecord): void;
  drop(name: string): void;
  recurrenceOf(record: ScheduleRecord): Occurrences;
}

export function createScheduleBook(records: readonly ScheduleRecord[]): ScheduleBook {
  const byName = new Map(records.map((record) => [record.name, record]));
  const recurrences = new WeakMap<ScheduleTerms, Occurrences>();
  return {
    records: byName,
    put: (record) => void byName.set(record.name, record),
    drop: (name) => void byName.delete(name),
    recurrenceOf({ terms }) {
      const known = recurrences.get(terms) ?? parseRecurrence(terms.recurrence);
      recurrences.set(terms, known);
      return known;
    },
  };
}

export const termsDigestOf = ({ terms }: Pick<ScheduleRecord, 'terms'>): string => digestOfJson(terms);

/** Approvals of the terms as they are now. */
export function givenApprovals(record: ScheduleRecord): ScheduleRecord['approvals'] {
  const digest = termsDigestOf(record);
  return record.approvals.filter(({ termsDigest }) => termsDigest === digest);
}

export const requiredApprovals = ({ terms }: ScheduleRecord): number =>
  terms.template.strategy.approvalsMin ?? 0;

export function viewSchedule(
  book: ScheduleBook,
  record: ScheduleRecord,
  { now, last }: { readonly now: number; readonly last: OccurrenceRecord | null },
): Schedule {
  const { terms, owner, name, isPaused, changedAt, version } = record;
  return {
    ...terms,
    name,
    isPaused,
    owner: owner.userName,
    termsDigest: termsDigestOf(record),
    approvals: {
      required: requiredApprovals(record),
      given: givenApprovals(record).map((each) => each.name),
    },
    next: isPaused ? [] : nextFew(book.recurrenceOf(record), now),
    last: last === null ? null : viewOccurrence(last),
    changedAt: toTimestamp(changedAt),
    etag: String(version),
  };
}

function nextFew(recurrence: Occurrences, now: number): string[] {
  const moments: string[] = [];
  try {
    let next = recurrence.firstAfter(now);
    while (next !== null && moments.length < OCCURRENCES_SHOWN_MAX) {
      moments.push(toTimestamp(next));
      next = recurrence.firstAfter(next);
    }
  } catch {
    // The search for the next one was given up: those that were found are shown.
  }
  return moments;
}

export const viewOccurrence = ({
  dueAt,
  at,
  schedule: _schedule,
  ...rest
}: OccurrenceRecord): Occurrence => ({
  ...rest,
  dueAt: toTimestamp(dueAt),
  at: toTimestamp(at),
});
