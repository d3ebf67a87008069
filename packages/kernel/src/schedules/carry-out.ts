/**
 * Carries one occurrence out, exactly once.
 *
 * Problem: between "its time has come" and "its rollout runs" lie a plan and a start, each in a transaction of its own, and the
 * server may die between any two of them.
 *
 * Rule: an occurrence is a row before anything is done for it. `due` → a plan is made and its digest is written down, `planned`
 * → the plan is started and its rollout is written down, `started`. A plan that was made and not written down is never started,
 * and another is made in its place; a plan is started once, whoever asks, so asking again after a crash finds the rollout that
 * is there. Rights are those that the owner has at this moment. Whatever stands in the way ends the occurrence with its cause;
 * so does time: what could not be started for longer than its terms allow is left out, unless its rollout is there.
 */
import { MINUTE_MS } from '@pilothouse/base';
import { AppError, isAppError, type JsonObject } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { AuditService } from '../audit/service.ts';
import type { AuthorityBook } from '../authority/service.ts';
import type { EventsService } from '../events/service.ts';
import { isRefusal } from '../is-refusal.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { RolloutsService } from '../rollouts/service.ts';
import { type ApproverDeps, countGood } from './approver-rights.ts';
import { isStillWanted } from './due-occurrences.ts';
import { requiredApprovals, type ScheduleBook } from './schedule-book.ts';
import {
  type OccurrenceRecord,
  readOccurrences,
  type ScheduleRecord,
  updateOccurrence,
} from './schedules-store.ts';

export interface CarryDeps extends ApproverDeps {
  readonly context: KernelContext;
  readonly book: ScheduleBook;
  readonly rollouts: Pick<RolloutsService, 'plan' | 'start' | 'runOf' | 'get'>;
  readonly authority: Pick<AuthorityBook, 'useMandate' | 'requireMandate'>;
  readonly events: Pick<EventsService, 'publish'>;
  readonly audit: Pick<AuditService, 'append'>;
}

/** How an occurrence ends that was not to be, as values; AppErrors of plans and starts become `failed`. */
interface Refusal {
  readonly state: 'skipped' | 'missed' | 'failed';
  readonly code: string;
  readonly details: JsonObject;
}

/** Returns it as it ended. Throws what is nobody's refusal: then it is as far as it was written down, and asked again. */
export async function carryOut(deps: CarryDeps, occurrence: OccurrenceRecord): Promise<OccurrenceRecord> {
  const record = deps.book.records.get(occurrence.schedule);
  // Removed meanwhile, and its occurrences with it.
  if (record === undefined) return occurrence;
  try {
    const planned = occurrence.state === 'planned' ? occurrence : await plan(deps, record, occurrence);
    return planned.state === 'planned' ? await start(deps, record, planned) : planned;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return end(deps, occurrence, { state: 'failed', code: error.code, details: asJson(error.details) });
  }
}

async function plan(
  deps: CarryDeps,
  record: ScheduleRecord,
  occurrence: OccurrenceRecord,
): Promise<OccurrenceRecord> {
  const refusal = tooLate(deps, record, occurrence) ?? (await refusalOf(deps, record, occurrence));
  if (refusal !== null) return end(deps, occurrence, refusal);
  const { template, runForMs, hostsMax } = record.terms;
  const now = deps.context.clock.now();
  // The people who approved the terms have approved this: asking them once more each night is what a schedule saves.
  const { approvalsMin: _approved, ...strategy } = template.strategy;
  const made = await deps.rollouts.plan(await ownerOf(deps, record), {
    title: template.title,
    target: template.target,
    actions: template.actions.map(({ when, ...action }) =>
      when === undefined ? action : { ...action, when },
    ),
    strategy,
    notBefore: now,
    expiresAt: now + runForMs,
    defaults: 'plan',
  });
  const hosts = made.plan.header.stepsCount;
  if (hosts > hostsMax) {
    const details = { name: record.name, hosts, hostsMax };
    return end(deps, occurrence, { state: 'skipped', code: 'SCHEDULE_HOSTS_OVER_CAP', details });
  }
  const planned: OccurrenceRecord = {
    ...occurrence,
    state: 'planned',
    planDigest: made.plan.digest,
    at: deps.context.clock.now(),
  };
  await deps.context.store.transaction((transaction) => updateOccurrence(transaction, planned));
  return planned;
}

function tooLate(
  { context }: Pick<CarryDeps, 'context'>,
  { name, terms }: ScheduleRecord,
  { dueAt }: OccurrenceRecord,
): Refusal | null {
  const lateMs = context.clock.now() - dueAt;
  if (isStillWanted(terms, lateMs)) return null;
  return { state: 'missed', ...missedBy({ name, terms }, lateMs) };
}

/** Why an occurrence is left out that is so late. */
export const missedBy = ({ name, terms }: Pick<ScheduleRecord, 'name' | 'terms'>, lateMs: number) => ({
  code: 'SCHEDULE_MISSED',
  details: { name, missed: terms.missed, lateMinutes: Math.floor(lateMs / MINUTE_MS) },
});

async function refusalOf(
  deps: CarryDeps,
  record: ScheduleRecord,
  { askedBy, dueAt }: OccurrenceRecord,
): Promise<Refusal | null> {
  const { rollouts, context } = deps;
  const { name } = record;
  if (record.isPaused && askedBy === null)
    return { state: 'skipped', code: 'SCHEDULE_PAUSED', details: { name } };
  const required = requiredApprovals(record);
  const given = required === 0 ? 0 : await countGood(deps, record);
  if (given < required)
    return { state: 'skipped', code: 'SCHEDULE_NOT_APPROVED', details: { name, required, given } };
  const [before] = (await readOccurrences(context.store, name, { before: dueAt, limit: LOOKED_BACK })).filter(
    (each) => each.rolloutId !== null,
  );
  const rollout =
    before === undefined || before.rolloutId === null ? null : await rollouts.get(before.rolloutId);
  if (rollout === null || rollout.endedAt !== null) return null;
  return { state: 'skipped', code: 'SCHEDULE_OVERLAPS', details: { rolloutId: rollout.id } };
}

/** Occurrences among which the last that was started is looked for; those between were skipped because of it. */
const LOOKED_BACK = 100;

async function start(
  deps: CarryDeps,
  record: ScheduleRecord,
  planned: OccurrenceRecord,
): Promise<OccurrenceRecord> {
  const digest = planned.planDigest ?? '';
  const refusal = tooLate(deps, record, planned);
  if (refusal !== null && (await deps.rollouts.runOf(digest)) === null) return end(deps, planned, refusal);
  const rolloutId = await startOnce(deps, record, digest);
  return write(deps, { ...planned, state: 'started', rolloutId }, { rolloutId, planDigest: digest });
}

async function startOnce(deps: CarryDeps, record: ScheduleRecord, digest: string): Promise<string> {
  const { mandateId } = record.terms;
  try {
    const principal = await ownerOf(deps, record);
    if (mandateId !== null)
      await deps.authority.useMandate({ principal, requestId: null }, digest, mandateId);
    return (await deps.rollouts.start(principal, digest, 'run')).id;
  } catch (error) {
    // The server died after the start and before it was written down.
    if (isAppError(error) && error.code === 'PLAN_ALREADY_STARTED') return String(error.details['rolloutId']);
    throw error;
  }
}

async function ownerOf({ delegates }: CarryDeps, { owner, name }: ScheduleRecord) {
  const principal = await delegates.principalOf(owner);
  if (principal === null) throw new AppError('SCHEDULE_OWNER_GONE', { name, owner: owner.userName });
  return principal;
}

const end = (
  deps: CarryDeps,
  occurrence: OccurrenceRecord,
  { state, code, details }: Refusal,
): Promise<OccurrenceRecord> =>
  write(deps, { ...occurrence, state, cause: { code, details } }, { code, ...details });

async function write(
  { context, audit, events }: CarryDeps,
  occurrence: OccurrenceRecord,
  details: JsonObject,
): Promise<OccurrenceRecord> {
  const ended = { ...occurrence, at: context.clock.now() };
  await context.store.transaction(async (transaction) => {
    await updateOccurrence(transaction, ended);
    await tellEnded({ transaction, audit, events }, ended, details);
  });
  return ended;
}

/** What is said of an occurrence that has ended, in the transaction that ends it. */
export async function tellEnded(
  to: Pick<CarryDeps, 'audit' | 'events'> & { readonly transaction: Transaction },
  { schedule, state, askedBy }: OccurrenceRecord,
  details: JsonObject,
): Promise<void> {
  await to.audit.append(to.transaction, [
    {
      actor: { kind: 'system', id: 'schedules', name: 'schedules' },
      action: `schedule.occurrence-${state}`,
      subject: schedule,
      details: { ...details, askedBy },
      requestId: null,
    },
  ]);
  await to.events.publish(to.transaction, [
    { type: `schedules.occurrence-${state}`, hostId: null, data: { schedule, ...details } },
  ]);
}

/** Details of an AppError are made to travel: whatever is no JSON in them is left out. */
const asJson = (details: Readonly<Record<string, unknown>>): JsonObject =>
  JSON.parse(JSON.stringify(details)) as JsonObject;
