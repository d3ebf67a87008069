import {
  type Authority,
  type HostId,
  type Interruption,
  type Rollout,
  type Task,
  type TaskOutcome,
  toTimestamp,
} from '@pilothouse/contract';
import type { AgentCapability } from '@pilothouse/wire';
import type { LoadedPlan } from '../../plans/index.ts';
import { type EngineConfig, type EngineState, type EngineTask, failuresAllowed } from '../engine/index.ts';
import type { EndedTask } from '../result-store.ts';
import type { RolloutRecord } from '../rollout-store.ts';
import type { LabelCrowd } from './label-crowd.ts';
import { wavesOfPlan } from './plan-waves.ts';
import { probesMsMax } from './probe-time.ts';

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
  /** What step `index` interrupts, which budgets count; `none` for a dry run. */
  readonly interruptionAt: (index: number) => Interruption;
  readonly capability: AgentCapability | null;
  readonly crowd: LabelCrowd | null;
  /** Names of the plan's probes that failed on the host before its task, by index: broken already. */
  readonly brokenBefore: Map<number, readonly string[]>;
  /** People's own signatures, which travel with every envelope. */
  authority: Authority | undefined;
  /** Tasks of it wait for room that came while it could not use it. */
  isOwedTurn: boolean;
  revision: number;
  /** What its row says beside tasks, as this process wrote it last; null: it has not yet. */
  headText: string | null;
  changeSequence: number;
  cancelWake: (() => void) | null;
}

/** What a judge of gates has for its answer beside what probes take: a query, and thousands of frames. */
const ANSWER_MS_MIN = 2 * 60_000;

export const taskIdOf = (rolloutId: string, index: number): string => `${rolloutId}.${index}`;

export function parseTaskId(taskId: string): { rolloutId: string; index: number } | null {
  const match = /^(r_[0-9a-z]{18})\.(\d{1,6})$/.exec(taskId);
  return match?.[1] === undefined ? null : { rolloutId: match[1], index: Number(match[2]) };
}

export function configOf(
  rolloutId: string,
  fixed: RolloutRecord['fixed'],
  plan: Pick<LoadedPlan, 'plan' | 'hosts' | 'step'>,
): EngineConfig {
  const { strategy, notBefore, expiresAt, hostsCount } = fixed;
  return {
    rolloutId,
    inFlightMax: strategy.inFlightMax,
    failuresMax: failuresAllowed(hostsCount, {
      count: strategy.failuresMax,
      percent: strategy.failuresPercentMax,
    }),
    offline: strategy.offline,
    taskTimeoutMs: strategy.taskTimeoutMs,
    notBefore,
    expiresAt,
    waves: wavesOfPlan(plan, fixed.kind),
    onFailure: fixed.kind === 'run' ? (strategy.onFailure ?? 'halt') : 'halt',
    answerMsMax: ANSWER_MS_MIN + probesMsMax(strategy.probes ?? []),
  };
}

export const recordOf = (active: ActiveRollout): RolloutRecord => {
  const { id, planDigest, fixed, state, revision } = active;
  const { cause, waiting, counts, wave, gate, missing, startedAt, endedAt, rolledBackBy } = state;
  return {
    id,
    planDigest,
    fixed,
    state: state.state,
    head: {
      cause,
      waiting,
      counts: { ...counts },
      wave,
      startedAt,
      endedAt,
      ...(gate === null ? {} : { gate: { ...gate } }),
      ...(missing === null ? {} : { missing }),
      ...(rolledBackBy === null ? {} : { rolledBackBy }),
    },
    revision,
  };
};

const when = (ms: number | null): string | null => (ms === null ? null : toTimestamp(ms));

/** As readers see it. */
export function viewRollout(record: RolloutRecord): Rollout {
  const { fixed, head } = record;
  const { strategy } = fixed;
  const perWave = strategy.waves.kind === 'fixed' ? strategy.waves.hostsPerWave : fixed.hostsCount;
  const wavesCount = fixed.wavesCount ?? Math.ceil(fixed.hostsCount / perWave);
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
    wavesCount,
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

export function viewEndedTask(row: EndedTask, known: { hostName: string; wave: number }): Task {
  return {
    id: taskIdOf(row.rolloutId, row.index),
    rolloutId: row.rolloutId,
    hostId: row.hostId,
    hostName: known.hostName,
    stepIndex: row.index,
    wave: known.wave,
    state: row.state,
    attempt: row.attempt,
    cause: row.body.cause,
    offeredAt: when(row.body.offeredAt),
    startedAt: when(row.body.startedAt),
    endedAt: toTimestamp(row.endedAt),
    outcome: row.body.outcome,
  };
}
