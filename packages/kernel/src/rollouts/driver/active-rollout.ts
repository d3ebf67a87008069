import { type HostId, type Rollout, type Task, type TaskOutcome, toTimestamp } from '@pilothouse/contract';
import type { LoadedPlan } from '../../plans/index.ts';
import { type EngineConfig, type EngineState, type EngineTask } from '../engine/index.ts';
import type { EndedTask } from '../result-store.ts';
import type { RolloutRecord } from '../rollout-store.ts';

/** A rollout that has not ended, as the driver holds it: the engine's state and what it needs of the plan. */
export interface ActiveRollout {
  readonly id: string;
  readonly planDigest: string;
  readonly fixed: RolloutRecord['fixed'];
  readonly plan: LoadedPlan;
  readonly state: EngineState;
  readonly indexOfHost: ReadonlyMap<HostId, number>;
  /** Whether step `index` may not overlap with other changes on its host. */
  readonly isExclusive: (index: number) => boolean;
  revision: number;
  changeSequence: number;
  cancelWake: (() => void) | null;
}

export const taskIdOf = (rolloutId: string, index: number): string => `${rolloutId}.${index}`;

export function parseTaskId(taskId: string): { rolloutId: string; index: number } | null {
  const match = /^(r_[0-9a-z]{18})\.(\d{1,6})$/.exec(taskId);
  return match?.[1] === undefined ? null : { rolloutId: match[1], index: Number(match[2]) };
}

export function configOf(rolloutId: string, fixed: RolloutRecord['fixed']): EngineConfig {
  const { strategy, notBefore, expiresAt, hostsCount } = fixed;
  return {
    rolloutId,
    inFlightMax: strategy.inFlightMax,
    failuresMax: strategy.failuresMax,
    offline: strategy.offline,
    taskTimeoutMs: strategy.taskTimeoutMs,
    notBefore,
    expiresAt,
    hostsPerWave: strategy.waves.kind === 'fixed' ? strategy.waves.hostsPerWave : hostsCount,
  };
}

export const recordOf = (active: ActiveRollout): RolloutRecord => {
  const { id, planDigest, fixed, state, revision } = active;
  const { cause, waiting, counts, wave, startedAt, endedAt } = state;
  return {
    id,
    planDigest,
    fixed,
    state: state.state,
    head: { cause, waiting, counts: { ...counts }, wave, startedAt, endedAt },
    revision,
  };
};

const when = (ms: number | null): string | null => (ms === null ? null : toTimestamp(ms));

/** As readers see it. */
export function viewRollout(record: RolloutRecord): Rollout {
  const { fixed, head } = record;
  const { strategy } = fixed;
  const perWave = strategy.waves.kind === 'fixed' ? strategy.waves.hostsPerWave : fixed.hostsCount;
  const { waiting } = head;
  return {
    id: record.id,
    planDigest: record.planDigest,
    kind: fixed.kind,
    title: fixed.title,
    state: record.state,
    cause: head.cause,
    waitingFor: waiting === null ? null : { ...waiting, since: toTimestamp(waiting.since) },
    counts: head.counts,
    wave: head.wave,
    wavesCount: Math.ceil(fixed.hostsCount / perWave),
    strategy,
    target: fixed.target,
    createdBy: fixed.createdBy,
    createdAt: toTimestamp(fixed.createdAt),
    startedAt: when(head.startedAt),
    endedAt: when(head.endedAt),
    expiresAt: toTimestamp(fixed.expiresAt),
    retryOf: fixed.retryOf,
    rollbackOf: fixed.rollbackOf ?? null,
    rolledBackBy: head.rolledBackBy ?? null,
    etag: String(record.revision),
  };
}

/** A task of an active rollout; `outcome` is that of its row, if it has ended. */
export function viewTask(active: ActiveRollout, task: EngineTask, outcome: TaskOutcome | null): Task {
  return {
    id: taskIdOf(active.id, task.index),
    rolloutId: active.id,
    hostId: task.hostId,
    hostName: active.plan.hosts[task.index]?.name ?? task.hostId,
    stepIndex: task.index,
    wave: task.wave,
    state: task.phase,
    attempt: task.attempt,
    cause: task.cause,
    offeredAt: when(task.offeredAt),
    startedAt: when(task.startedAt),
    endedAt: when(task.endedAt),
    outcome,
  };
}

export function viewEndedTask(row: EndedTask, known: { hostName: string; hostsPerWave: number }): Task {
  return {
    id: taskIdOf(row.rolloutId, row.index),
    rolloutId: row.rolloutId,
    hostId: row.hostId,
    hostName: known.hostName,
    stepIndex: row.index,
    wave: Math.floor(row.index / known.hostsPerWave),
    state: row.state,
    attempt: row.attempt,
    cause: row.body.cause,
    offeredAt: when(row.body.offeredAt),
    startedAt: when(row.body.startedAt),
    endedAt: toTimestamp(row.endedAt),
    outcome: row.body.outcome,
  };
}
