import { BoundedQueue } from '@pilothouse/base';
import { type HostId, type TaskCounts } from '@pilothouse/contract';
import { DeadlineHeap } from './deadline-heap.ts';
import {
  type EngineConfig,
  type EngineState,
  type EngineTask,
  HOLDS,
  type Hold,
  type Missing,
} from './state.ts';
import { countWave } from './waves.ts';

export const noTaskCounts = (): TaskCounts => ({
  pending: 0,
  offered: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  unknown: 0,
  skipped: 0,
  cancelled: 0,
  expired: 0,
});

/** A rollout before its first `tick`. `hostIds` are in step order; `missing` is what people have yet to approve. */
export function newState(
  config: EngineConfig,
  hostIds: readonly HostId[],
  missing: Missing | null = null,
): EngineState {
  return restoreState({
    config,
    tasks: newTasks(config, hostIds),
    state: missing === null ? 'scheduled' : 'awaiting-approval',
    cause: { code: 'ROLLOUT_CREATED', details: {}, by: null },
    waiting: null,
    startedAt: null,
    endedAt: null,
    wave: 0,
    gate: null,
    missing,
    rolledBackBy: null,
  });
}

export function newTasks(config: EngineConfig, hostIds: readonly HostId[]): EngineTask[] {
  const waveOf = new Uint32Array(hostIds.length);
  for (const [wave, { indexes }] of config.waves.entries()) for (const index of indexes) waveOf[index] = wave;
  return hostIds.map((hostId, index) => ({
    index,
    hostId,
    wave: waveOf[index] ?? 0,
    phase: 'pending',
    attempt: 1,
    cause: null,
    hold: null,
    holdDetails: null,
    ask: null,
    isAccepted: false,
    offeredAt: null,
    startedAt: null,
    endedAt: null,
    deadlineAt: null,
  }));
}

/** What is durable of a rollout; all else follows from it. */
export type DurableState = Pick<
  EngineState,
  | 'config'
  | 'tasks'
  | 'state'
  | 'cause'
  | 'waiting'
  | 'startedAt'
  | 'endedAt'
  | 'wave'
  | 'gate'
  | 'missing'
  | 'rolledBackBy'
>;

/** After a restart nothing is held: every pending task of the wave has its turn again, and gates are asked anew. */
export function restoreState(durable: DurableState): EngineState {
  const { config, tasks, wave, gate } = durable;
  const counts = noTaskCounts();
  const deadlines = new DeadlineHeap();
  for (const task of tasks) {
    counts[task.phase] += 1;
    if (task.deadlineAt !== null) deadlines.add({ at: task.deadlineAt, index: task.index });
  }
  const { open, failures } = countWave(tasks, config.waves[wave]?.indexes ?? []);
  return {
    ...durable,
    gate: gate === null ? null : { ...gate, askedAt: null, askAt: null },
    waveOpen: open,
    waveFailures: failures,
    counts,
    held: noneHeld(),
    holdNotes: new Map(),
    closedUntil: null,
    cursor: 0,
    claimsLeft: Number.POSITIVE_INFINITY,
    // A task stands in line once at most.
    woken: new BoundedQueue(tasks.length),
    deadlines,
  };
}

function noneHeld(): Record<Hold, number> {
  const held: Partial<Record<Hold, number>> = {};
  for (const hold of HOLDS) held[hold] = 0;
  return held as Record<Hold, number>; // Every hold was just given its number.
}
