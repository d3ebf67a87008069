import type { BoundedQueue } from '@pilothouse/base';
import {
  type Gate,
  type GateVerdict,
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
 * just started, and the host may be on its way back. `closed`: no window is open, or a freeze. `brief`: one is open, and not for
 * long enough. `crowded`: as many hosts
 * with its label value are in flight as may be.
 */
export const HOLDS = [
  'claimed',
  'offline',
  'settling',
  'locked',
  'stopped',
  'closed',
  'brief',
  'over-budget',
  'crowded',
] as const;
export type Hold = (typeof HOLDS)[number];

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
  /** What the driver said of the hold, for readers; null when there is no more to say. */
  holdDetails: JsonObject | null;
  /** Only while offered or running. */
  ask: Ask | null;
  /** The host said that it took the task, and will start it when its locks are free. */
  isAccepted: boolean;
  offeredAt: number | null;
  startedAt: number | null;
  endedAt: number | null;
  /**
   * Offered: the last moment at which it may begin, when it is asked back; then, and while it runs: when the server stops
   * waiting for an outcome and calls it unknown.
   */
  deadlineAt: number | null;
}

/** Hosts that have their turn together, and what must hold before those of the next wave have theirs. */
export interface EngineWave {
  readonly name: string;
  /** Tasks of this wave, ascending. */
  readonly indexes: readonly number[];
  /** As the rollout's: k halts at failure k + 1 of this wave. */
  readonly failuresMax: number | null;
  /** Its hosts are to show whether the others may follow: when none of them is known to have run, nobody does. */
  readonly isCanary: boolean;
  /** In the order in which they are passed; those that have nothing to hold back here are left out. */
  readonly gates: readonly Gate[];
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
  /** Every task is in exactly one. */
  readonly waves: readonly EngineWave[];
  readonly onFailure: 'halt' | 'rollback';
  /** A judge of gates that has not answered by then is asked anew. */
  readonly answerMsMax: number;
}

export interface Waiting {
  readonly code: string;
  readonly details: JsonObject;
  readonly since: number;
}

/** The last word on a gate. */
export interface Judgement extends GateVerdict {
  readonly at: number;
}

/** Between two waves: the tasks of `state.wave` have ended, and its gates are passed one after the other. */
export interface GatePhase {
  readonly waveEndedAt: number;
  /** Position among the gates of the wave; past the last one all are passed. */
  at: number;
  /** Of the gate at `at`. */
  enteredAt: number;
  /** How long it has held under watch. */
  soakedMs: number;
  /** When the last asking was that found it holding, with none since that found otherwise. */
  heldAt: number | null;
  /** Number of the last asking, counted over the whole rollout: an answer to any other is stale. */
  asked: number;
  /** When that asking went out, while there is no answer; not durable. */
  askedAt: number | null;
  /** When to ask next; null: at once. */
  askAt: number | null;
  confirmedBy: string | null;
  judgement: Judgement | null;
}

/** Approvals and signatures that are still lacking. */
export interface Missing {
  readonly required: number;
  readonly given: number;
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
  gate: GatePhase | null;
  missing: Missing | null;
  /** The rollout that undoes this one's changes. */
  rolledBackBy: string | null;
  /** Tasks of the current wave that have not ended. */
  waveOpen: number;
  /** Failed or unknown tasks of the current wave. */
  waveFailures: number;
  counts: TaskCounts;
  held: Record<Hold, number>;
  /** What the driver last said of each hold. */
  holdNotes: Map<Hold, JsonObject>;
  /** The earliest time at which a closed task may find its window open; null: no closed task knows one. */
  closedUntil: number | null;
  /** Position in the current wave of the next task that has not been looked at; `woken` are looked at before it. */
  cursor: number;
  /** Claims that may still be made before its owner gives new ones, so that a large wave does not take one long turn. */
  claimsLeft: number;
  readonly woken: BoundedQueue<number>;
  deadlines: DeadlineHeap;
}

/** The agent ends a task at its limit and says so; this long after it the server stops believing that it will. */
export const TASK_GRACE_MS = 60_000;
/** An offer that has not started by then is void on the host, so a host that vanished holds its place for a bounded time. */
export const OFFER_START_WINDOW_MS = 15 * 60_000;

export const isTaskEnd = (phase: TaskState): boolean => TASK_ENDS.includes(phase);
export const isTaskFailure = (phase: TaskState): boolean => phase === 'failed' || phase === 'unknown';
export const isRolloutEnd = (state: RolloutState): boolean => ROLLOUT_ENDS.includes(state);
/** Neither ended nor winding down. */
export const isGoingOn = ({ state }: Pick<EngineState, 'state'>): boolean =>
  state === 'awaiting-approval' || state === 'scheduled' || state === 'running' || state === 'paused';
/** Offered or about to be, and no outcome yet: each may still become a failure. */
export const unresolvedOf = (state: EngineState): number =>
  state.counts.offered + state.counts.running + state.held.claimed;
