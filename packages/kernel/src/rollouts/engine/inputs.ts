import type { RolloutCause, RolloutState, TaskOutcome } from '@pilothouse/contract';
import type { Cause } from './state.ts';

/** What the world says about a task whose turn has come. `unfit` ends it as skipped: the host is not meant any more. */
export type ClaimAnswer =
  | { readonly kind: 'granted' }
  /** Not certain right after a server start: the host may be on its way back, so no policy may judge it yet. */
  | { readonly kind: 'offline'; readonly isCertain: boolean }
  | { readonly kind: 'locked' }
  | { readonly kind: 'stopped' }
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
  | { readonly kind: 'pause'; readonly by: string; readonly reason: string }
  | { readonly kind: 'resume'; readonly by: string }
  | { readonly kind: 'cancel'; readonly by: string; readonly endRunning: boolean };

export type Effect =
  /** Asks the driver whether this task may be offered now; it answers with `claim-answered`. */
  | { readonly kind: 'claim'; readonly index: number }
  | { readonly kind: 'offer'; readonly index: number; readonly attempt: number }
  | { readonly kind: 'withdraw'; readonly index: number }
  | { readonly kind: 'cancel'; readonly index: number }
  /** Whatever the claim reserved on the host is free again. */
  | { readonly kind: 'release'; readonly index: number }
  | { readonly kind: 'task-changed'; readonly index: number }
  | {
      readonly kind: 'rollout-changed';
      readonly from: RolloutState;
      readonly to: RolloutState;
      readonly cause: RolloutCause;
    };
