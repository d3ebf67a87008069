import type { BoundedQueue } from '@pilothouse/base';
import {
  type HostId,
  type JsonObject,
  type OfflinePolicy,
  ROLLOUT_ENDS,
  type RolloutCause,
  type RolloutState,
  TASK_ENDS,
  type TaskCounts,
  type TaskState,
} from '@pilothouse/contract';
import type { DeadlineHeap } from './deadline-heap.ts';

export interface Cause {
  readonly code: string;
  readonly details: JsonObject;
}

/** What a task becomes when its host confirms that it never started: offered again later, or an end. */
export type AfterWithdrawal =
  | { readonly kind: 'again' }
  | { readonly kind: 'end'; readonly state: 'cancelled' | 'expired' | 'skipped'; readonly cause: Cause };

/** What the host of an open task was asked to do, until it answers. */
export interface Ask {
  readonly kind: 'withdraw' | 'cancel';
  readonly then: AfterWithdrawal;
  /** A withdrawal that comes too late turns into a cancel. */
  readonly isEndedIfStarted: boolean;
}

/**
 * Why a pending task whose turn has come is not offered. `claimed`: the driver is being asked. `settling`: the server has
 * just started, and the host may be on its way back.
 */
export type Hold = 'claimed' | 'offline' | 'settling' | 'locked' | 'stopped';

/** One host's share. Times are milliseconds since the epoch by the server's clock. */
export interface EngineTask {
  readonly index: number;
  readonly hostId: HostId;
  readonly wave: number;
  phase: TaskState;
  attempt: number;
  cause: Cause | null;
  /** Only while pending. */
  hold: Hold | null;
  /** Only while offered or running. */
  ask: Ask | null;
  /** The host said that it took the task, and will start it when its locks are free. */
  isAccepted: boolean;
  offeredAt: number | null;
  startedAt: number | null;
  endedAt: number | null;
  /** When the server stops waiting for an outcome and calls it unknown. */
  deadlineAt: number | null;
}

export interface EngineConfig {
  readonly rolloutId: string;
  readonly inFlightMax: number;
  /** k: halts at failure k + 1, and there are never more. Null: no limit. */
  readonly failuresMax: number | null;
  readonly offline: OfflinePolicy;
  readonly taskTimeoutMs: number;
  readonly notBefore: number;
  readonly expiresAt: number;
  readonly hostsPerWave: number;
}

export interface Waiting {
  readonly code: string;
  readonly details: JsonObject;
  readonly since: number;
}

/**
 * Everything about a rollout that decides what happens next. `advance` consumes the state it is given and returns the
 * same object changed: ten thousand tasks are not copied for one answer. What is durable is written by the driver;
 * holds, queues and counters are rebuilt by `restoreState`.
 */
export interface EngineState {
  readonly config: EngineConfig;
  readonly tasks: readonly EngineTask[];
  state: RolloutState;
  cause: RolloutCause;
  waiting: Waiting | null;
  startedAt: number | null;
  endedAt: number | null;
  wave: number;
  /** Tasks of the current wave that have not ended. */
  waveOpen: number;
  counts: TaskCounts;
  held: Record<Hold, number>;
  /** The next index of the current wave that has not been looked at; `woken` are looked at before it. */
  cursor: number;
  readonly woken: BoundedQueue<number>;
  deadlines: DeadlineHeap;
}

/** The agent ends a task at its limit and says so; this long after it the server stops believing that it will. */
export const TASK_GRACE_MS = 60_000;
/** An offer that has not started by then is void on the host, so a host that vanished holds its place for a bounded time. */
export const OFFER_START_WINDOW_MS = 15 * 60_000;

export const isTaskEnd = (phase: TaskState): boolean => TASK_ENDS.includes(phase);
export const isRolloutEnd = (state: RolloutState): boolean => ROLLOUT_ENDS.includes(state);
export const wavesCountOf = (state: EngineState): number =>
  Math.ceil(state.tasks.length / state.config.hostsPerWave);
export const failuresOf = (state: EngineState): number => state.counts.failed + state.counts.unknown;
/** Offered or about to be, and no outcome yet: each may still become a failure. */
export const unresolvedOf = (state: EngineState): number =>
  state.counts.offered + state.counts.running + state.held.claimed;
/** How many may be unresolved at once: k + 1 minus the failures so far, and never more than the in-flight limit. */
export function unresolvedMax(state: EngineState): number {
  const { inFlightMax, failuresMax } = state.config;
  if (failuresMax === null) return inFlightMax;
  return Math.max(0, Math.min(inFlightMax, failuresMax + 1 - failuresOf(state)));
}
