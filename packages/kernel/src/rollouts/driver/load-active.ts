import type { Authority, HostId, TaskOutcome } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import type { AuthorityService } from '../../authority/index.ts';
import type { LoadedPlan, PlansService } from '../../plans/index.ts';
import {
  type EngineState,
  type EngineTask,
  type Missing,
  newState,
  newTasks,
  restoreState,
} from '../engine/index.ts';
import { type EndedTask, readEndedTasks } from '../result-store.ts';
import { type OpenTask, type RolloutRecord, readChanges } from '../rollout-store.ts';
import { type ActiveRollout, configOf } from './active-rollout.ts';
import { createLabelCrowd } from './label-crowd.ts';
import { capabilityNeeded } from './plan-needs.ts';

const ROWS_PER_READ = 2000;

interface Parts {
  readonly plans: Pick<PlansService, 'effectOf' | 'interruptionOf'>;
  readonly plan: LoadedPlan;
  readonly record: Pick<RolloutRecord, 'id' | 'planDigest' | 'fixed' | 'revision'>;
  readonly state: EngineState;
  readonly changeSequence: number;
  readonly authority: Authority | undefined;
}

export function activeFrom({ plans, plan, record, state, changeSequence, authority }: Parts): ActiveRollout {
  const indexOfHost = new Map<HostId, number>(plan.hosts.map((host, index) => [host.id, index]));
  // A dry run changes nothing, and neither does an action of class `read`: they may overlap with anything.
  const isListExclusive = plan.actionLists.map(
    (list) => record.fixed.kind === 'run' && plans.effectOf({ ...plan, actionLists: [list] }) !== 'read',
  );
  const isDryRun = record.fixed.kind === 'dry-run';
  const interruptions = plan.actionLists.map((list) => (isDryRun ? 'none' : plans.interruptionOf(list)));
  const { inFlightPerLabel } = record.fixed.strategy;
  return {
    ...record,
    plan,
    state,
    indexOfHost,
    isExclusive: (index) => isListExclusive[plan.listOf[index] ?? -1] ?? true,
    interruptionAt: (index) => interruptions[plan.listOf[index] ?? -1] ?? 'host',
    capability: capabilityNeeded(plan.plan.header, plan.actionLists),
    crowd: inFlightPerLabel === undefined ? null : createLabelCrowd(inFlightPerLabel),
    brokenBefore: new Map(),
    authority,
    isOwedTurn: false,
    headText: null,
    changeSequence,
    cancelWake: null,
  };
}

export const freshState = (
  record: Parts['record'],
  plan: LoadedPlan,
  missing: Missing | null = null,
): EngineState =>
  newState(
    configOf(record.id, record.fixed, plan),
    plan.hosts.map((host) => host.id),
    missing,
  );

export interface LoadDeps {
  readonly store: Store;
  readonly plans: Pick<PlansService, 'effectOf' | 'interruptionOf' | 'load'>;
  readonly authority: Pick<AuthorityService, 'authorityOf'>;
}

/** Reads a rollout back as it was at its last commit. */
export async function loadActive(
  { store, plans, authority }: LoadDeps,
  record: RolloutRecord,
): Promise<ActiveRollout> {
  const plan = await plans.load(record.planDigest);
  if (plan === null) throw new Error(`rollout ${record.id} has no plan ${record.planDigest}`);
  const config = configOf(record.id, record.fixed, plan);
  const tasks = newTasks(
    config,
    plan.hosts.map((host) => host.id),
  );
  const brokenBefore = new Map<number, readonly string[]>();
  const changes = await readChanges(store, record.id);
  for (const change of changes.tasks) applyChange(tasks, change);
  for (let from = 0; ; ) {
    const rows = await readEndedTasks(store, {
      rolloutId: record.id,
      fromIndex: from,
      state: null,
      hostId: null,
      limit: ROWS_PER_READ,
    });
    for (const row of rows) {
      applyEnd(tasks, row);
      noteBroken(brokenBefore, row.index, row.body.outcome);
    }
    if (rows.length < ROWS_PER_READ) break;
    from = (rows.at(-1)?.index ?? 0) + 1;
  }
  const { head, state } = record;
  const restored = restoreState({
    config,
    tasks,
    state,
    ...head,
    gate: head.gate ?? null,
    missing: head.missing ?? null,
    rolledBackBy: head.rolledBackBy ?? null,
  });
  const signed = await authorityFor(authority, record.planDigest, plan);
  const changeSequence = changes.lastSequence;
  const active = activeFrom({ plans, plan, record, state: restored, changeSequence, authority: signed });
  for (const [index, names] of brokenBefore) active.brokenBefore.set(index, names);
  return active;
}

/** A rollback is part of the plan that people signed: their signatures on that plan speak for it, too. */
export const authorityFor = async (
  authority: Pick<AuthorityService, 'authorityOf'>,
  planDigest: string,
  { plan }: Pick<LoadedPlan, 'plan'>,
): Promise<Authority | undefined> => {
  const own = await authority.authorityOf(planDigest);
  const { rollbackOf } = plan.header;
  return own === undefined && rollbackOf !== undefined ? authority.authorityOf(rollbackOf) : own;
};

/** Remembers which of the plan's probes failed on a host already before its task. */
export function noteBroken(
  brokenBefore: Map<number, readonly string[]>,
  index: number,
  outcome: TaskOutcome | null,
): void {
  const names = outcome?.probes?.before.filter((probe) => !probe.isPassing).map((probe) => probe.name) ?? [];
  if (names.length > 0) brokenBefore.set(index, names);
}

function applyChange(tasks: readonly EngineTask[], change: OpenTask): void {
  const [index, phase, attempt, isAccepted, offeredAt, startedAt, deadlineAt, ask] = change;
  const task = tasks[index];
  if (task !== undefined)
    Object.assign(task, { phase, attempt, isAccepted, offeredAt, startedAt, deadlineAt, ask });
}

function applyEnd(tasks: readonly EngineTask[], row: EndedTask): void {
  const task = tasks[row.index];
  if (task === undefined) return;
  Object.assign(task, {
    phase: row.state,
    attempt: row.attempt,
    cause: row.body.cause,
    ask: null,
    isAccepted: false,
    offeredAt: row.body.offeredAt,
    startedAt: row.body.startedAt,
    endedAt: row.endedAt,
    deadlineAt: null,
  });
}
