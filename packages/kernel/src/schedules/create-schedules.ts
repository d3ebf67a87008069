import { HOUR_MS, MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import { schedulesFindings, toTimestamp } from '@pilothouse/contract';
import type { FindingsService } from '../findings/service.ts';
import type { TargetResolver } from '../hosts/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import { type CarryDeps, carryOut, missedBy, tellEnded } from './carry-out.ts';
import { dueOccurrences } from './due-occurrences.ts';
import { schedulesEndpoints } from './endpoints.ts';
import { createScheduleBook } from './schedule-book.ts';
import {
  insertOccurrences,
  type OccurrenceRecord,
  pruneOccurrences,
  readOccurrences,
  readOpenOccurrences,
  readSchedules,
  type ScheduleRecord,
  writeSchedule,
} from './schedules-store.ts';

const TICK_INTERVAL_MS = 5 * SECOND_MS;
/** Occurrences of one schedule that are kept: a day of an hourly one, eight times over. */
const OCCURRENCES_KEPT = 200;

export interface SchedulesDeps extends Omit<CarryDeps, 'context' | 'book'> {
  readonly resolver: Pick<TargetResolver, 'resolve'>;
  readonly findings: Pick<FindingsService, 'reconcile'>;
}

export interface SchedulesRoom {
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
}

/** What the parts of this room share. */
export interface SchedulesParts extends SchedulesDeps, CarryDeps {
  /** Carries out what is open; one round after another. Returns once all that was open when it was called has been tried. */
  readonly carryOutOpen: () => Promise<void>;
}

/** Opens the room: reads schedules back, and goes on with occurrences that were under way. */
export async function createSchedules(context: KernelContext, deps: SchedulesDeps): Promise<SchedulesRoom> {
  const book = createScheduleBook(await readSchedules(context.store));
  const carry: CarryDeps = { ...deps, context, book };
  let round: Promise<void> = Promise.resolve();
  const carryOutOpen = (): Promise<void> => {
    round = round.catch(() => {}).then(() => carryOutAll(carry));
    return round;
  };
  const parts: SchedulesParts = { ...deps, ...carry, carryOutOpen };
  return {
    endpoints: schedulesEndpoints(parts),
    reconcilers: [
      {
        name: 'schedules.tick',
        intervalMs: TICK_INTERVAL_MS,
        async run() {
          for (const record of book.records.values()) await noteDueOrSay(carry, record);
          await carryOutOpen();
        },
      },
      { name: 'schedules.failed', intervalMs: MINUTE_MS, run: () => sayWhatFailed(parts) },
      { name: 'schedules.retention', intervalMs: HOUR_MS, run: () => prune(parts) },
    ],
  };
}

/** What is wrong with one schedule is no reason to leave out the others. */
async function noteDueOrSay(deps: CarryDeps, record: ScheduleRecord): Promise<void> {
  try {
    await noteDue(deps, record);
  } catch (cause) {
    deps.context.log.error('note what is due of a schedule', { schedule: record.name, cause });
  }
}

/** Writes down what has fallen due, before anything is done for it. */
async function noteDue(deps: CarryDeps, record: ScheduleRecord): Promise<void> {
  const { context, book } = deps;
  const now = context.clock.now();
  const { name, nextAt, isPaused, terms } = record;
  if (isPaused || nextAt === null || nextAt > now) return;
  const found = dueOccurrences(book.recurrenceOf(record), terms, { nextAt, now });
  const common = { schedule: name, askedBy: null, planDigest: null, rolloutId: null, at: now };
  const missed = found.missed.map((dueAt): OccurrenceRecord => {
    return { ...common, dueAt, state: 'missed', cause: missedBy(record, now - dueAt) };
  });
  const due: OccurrenceRecord[] =
    found.due === null ? [] : [{ ...common, dueAt: found.due, state: 'due', cause: null }];
  await context.store.transaction(async (transaction) => {
    // Asked inside: a person may have changed it since, and then its next turn is another.
    if (book.records.get(name) !== record) return;
    const after = { ...record, nextAt: found.nextAt };
    await insertOccurrences(transaction, [...missed, ...due]);
    await writeSchedule(transaction, after);
    const [newest] = missed.slice(-1);
    // One word for a whole absence; the history has each of them.
    if (newest !== undefined)
      await tellEnded({ ...deps, transaction }, newest, {
        ...newest.cause?.details,
        count: found.missedCount,
      });
    transaction.afterCommit(() => book.put(after));
  });
}

async function carryOutAll(deps: CarryDeps): Promise<void> {
  for (const occurrence of await readOpenOccurrences(deps.context.store)) {
    try {
      await carryOut(deps, occurrence);
    } catch (cause) {
      // It is open still, and asked again with the next tick.
      deps.context.log.error('carry out an occurrence', { schedule: occurrence.schedule, cause });
    }
  }
}

/** A schedule whose last occurrence did not run is something that people should know, until the next one does. */
async function sayWhatFailed({ context, book, findings }: SchedulesParts): Promise<void> {
  const now = [];
  for (const { name, isPaused } of book.records.values()) {
    if (isPaused) continue;
    const [last] = (await readOccurrences(context.store, name, { before: null, limit: 2 })).filter(
      ({ state }) => state !== 'due' && state !== 'planned',
    );
    if (last === undefined || last.cause === null) continue;
    const evidence = { name, dueAt: toTimestamp(last.dueAt), state: last.state, code: last.cause.code };
    now.push({ key: name, evidence });
  }
  await findings.reconcile(schedulesFindings.failed.kind, null, now);
}

async function prune({ context, book }: SchedulesParts): Promise<void> {
  for (const name of book.records.keys()) {
    const kept = await readOccurrences(context.store, name, { before: null, limit: OCCURRENCES_KEPT });
    const oldest = kept.at(-1);
    if (kept.length < OCCURRENCES_KEPT || oldest === undefined) continue;
    await context.store.transaction((transaction) => pruneOccurrences(transaction, name, oldest.dueAt));
  }
}
