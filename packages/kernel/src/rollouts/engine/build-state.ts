import { BoundedQueue } from '@pilothouse/base';
import { type HostId, type TaskCounts } from '@pilothouse/contract';
import { DeadlineHeap } from './deadline-heap.ts';
import { type EngineConfig, type EngineState, type EngineTask, isTaskEnd } from './state.ts';

const noCounts = (): TaskCounts => ({
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

/** A rollout before its first `tick`. `hostIds` are in step order. */
export function newState(config: EngineConfig, hostIds: readonly HostId[]): EngineState {
  const tasks = hostIds.map((hostId, index) => newTask(config, hostId, index));
  return restoreState({
    config,
    tasks,
    state: 'scheduled',
    cause: { code: 'ROLLOUT_CREATED', details: {}, by: null },
    waiting: null,
    startedAt: null,
    endedAt: null,
    wave: 0,
  });
}

export const newTask = (config: EngineConfig, hostId: HostId, index: number): EngineTask => ({
  index,
  hostId,
  wave: Math.floor(index / config.hostsPerWave),
  phase: 'pending',
  attempt: 1,
  cause: null,
  hold: null,
  ask: null,
  isAccepted: false,
  offeredAt: null,
  startedAt: null,
  endedAt: null,
  deadlineAt: null,
});

/** What is durable of a rollout; all else follows from it. */
export type DurableState = Pick<
  EngineState,
  'config' | 'tasks' | 'state' | 'cause' | 'waiting' | 'startedAt' | 'endedAt' | 'wave'
>;

/** After a restart nothing is held: every pending task of the wave has its turn again, and is judged anew. */
export function restoreState(durable: DurableState): EngineState {
  const { config, tasks, wave } = durable;
  const counts = noCounts();
  const deadlines = new DeadlineHeap();
  let waveOpen = 0;
  for (const task of tasks) {
    counts[task.phase] += 1;
    if (task.deadlineAt !== null) deadlines.add({ at: task.deadlineAt, index: task.index });
    if (task.wave === wave && !isTaskEnd(task.phase)) waveOpen += 1;
  }
  return {
    ...durable,
    waveOpen,
    counts,
    held: { claimed: 0, offline: 0, settling: 0, locked: 0, stopped: 0 },
    cursor: wave * config.hostsPerWave,
    // A task stands in line once at most.
    woken: new BoundedQueue(tasks.length),
    deadlines,
  };
}
