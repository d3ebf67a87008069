import type { GateVerdict, JsonObject, RolloutCause, RolloutState, TaskOutcome } from '@pilothouse/contract';
import type { Cause, Missing } from './state.ts';

/** What the world says about a task whose turn has come. `unfit` ends it as skipped: the host is not meant any more. */
export type ClaimAnswer =
  /** `startBy`: the last moment at which it may begin, in milliseconds since the epoch; absent: as long as any offer. */
  | { readonly kind: 'granted'; readonly startBy?: number }
  /** Not certain right after a server start: the host may be on its way back, so no policy may judge it yet. */
  | { readonly kind: 'offline'; readonly isCertain: boolean }
  /** Disruptive work waits until presence has settled: who is down is not known yet. */
  | { readonly kind: 'settling' }
  | { readonly kind: 'locked' }
  | { readonly kind: 'stopped' }
  /** A window is open, and ends too soon for this agent, which cannot be held to that; it is over at `until`. */
  | { readonly kind: 'brief'; readonly until: number; readonly details: JsonObject }
  /** No window is open, or a freeze; `until` null: only a person ends it. */
  | { readonly kind: 'closed'; readonly until: number | null; readonly details: JsonObject }
  | { readonly kind: 'over-budget'; readonly details: JsonObject }
  | { readonly kind: 'crowded'; readonly details: JsonObject }
  | { readonly kind: 'unfit'; readonly cause: Cause };

/** The part of an outcome that decides anything. */
export type OutcomeWord = Pick<TaskOutcome, 'kind' | 'startedAt' | 'error'>;

export type Input =
  /** Time has passed: windows, expiry, deadlines. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'claim-answered'; readonly index: number; readonly answer: ClaimAnswer }
  /** Something that held the task may be gone: the host came online, a lock was released, a stop was lifted. */
  | { readonly kind: 'host-ready'; readonly index: number }
  /** The offer certainly never left this process. */
  | { readonly kind: 'offer-unsent'; readonly index: number; readonly attempt: number }
  | { readonly kind: 'accepted'; readonly index: number; readonly attempt: number }
  | { readonly kind: 'started'; readonly index: number; readonly attempt: number }
  | {
      readonly kind: 'outcome';
      readonly index: number;
      readonly attempt: number;
      readonly outcome: OutcomeWord;
    }
  /** A new session: what the agent's journal says of the task. `absent`: it does not know it. */
  | {
      readonly kind: 'journal';
      readonly index: number;
      readonly attempt: number;
      readonly entry: 'absent' | 'accepted' | 'started' | 'ended';
    }
  /** Decommissioned (`isFinal`: no answer will ever come) or quarantined. */
  | { readonly kind: 'host-gone'; readonly index: number; readonly isFinal: boolean; readonly cause: Cause }
  /** Emergency stop reached this task's host. */
  | { readonly kind: 'stop'; readonly index: number; readonly endRunning: boolean; readonly cause: Cause }
  /** What people have yet to approve or sign before it may start; null: nothing. */
  | { readonly kind: 'authority'; readonly missing: Missing | null }
  /** An answer to the asking with this number. */
  | { readonly kind: 'gate-judged'; readonly asked: number; readonly verdict: GateVerdict }
  | { readonly kind: 'confirm'; readonly by: string; readonly gate: string }
  /** The rollout that undoes this one has begun, or it has ended, or it could not be made (`rolloutId` null). */
  | { readonly kind: 'rollback-started'; readonly rolloutId: string }
  | {
      readonly kind: 'rollback-ended';
      readonly rolloutId: string | null;
      readonly isDone: boolean;
      readonly why: string;
    }
  | { readonly kind: 'pause'; readonly by: string; readonly reason: string }
  | { readonly kind: 'resume'; readonly by: string }
  | { readonly kind: 'cancel'; readonly by: string; readonly endRunning: boolean };

/**
 * Whatever the claim reserved on the host is free again. `never-started`: certainly nothing was done there. `told`: the
 * host said itself how it ended. `unheard`: it has not been heard since.
 */
export type Released = 'never-started' | 'told' | 'unheard';

export type Effect =
  /** Asks the driver whether this task may be offered now; it answers with `claim-answered`. */
  | { readonly kind: 'claim'; readonly index: number }
  | { readonly kind: 'offer'; readonly index: number; readonly attempt: number }
  | { readonly kind: 'withdraw'; readonly index: number }
  | { readonly kind: 'cancel'; readonly index: number }
  | { readonly kind: 'release'; readonly index: number; readonly how: Released }
  | { readonly kind: 'task-changed'; readonly index: number }
  /** Asks whether gate `at` of the current wave holds; `gate-judged` with the same number answers. */
  | {
      readonly kind: 'judge-gate';
      readonly at: number;
      readonly asked: number;
      readonly isSoakOver: boolean;
    }
  | { readonly kind: 'notify'; readonly wave: number; readonly at: number }
  | {
      readonly kind: 'gate-passed';
      readonly wave: number;
      readonly at: number;
      /** Who confirmed it, where it asked for that. */
      readonly by: string | null;
    }
  /** Make and start the rollout that undoes what this one touched. */
  | { readonly kind: 'roll-back' }
  | {
      readonly kind: 'rollout-changed';
      readonly from: RolloutState;
      readonly to: RolloutState;
      readonly cause: RolloutCause;
    };
