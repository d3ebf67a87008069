import type { ActionTrack, Digest } from '@pilothouse/contract';
import type { EndedTask } from './compare-prediction.ts';

export interface DryRunPair {
  readonly planDigest: Digest;
  readonly dryRunId: string;
  readonly runId: string;
  readonly runEndedAt: number;
}

/** What this room reads of rollouts. */
export interface RolloutOutcomes {
  /** Runs that ended at or after `since` and had a dry run of the same plan before, oldest first, at most `limit`. */
  pairsSince(since: number, limit: number): Promise<DryRunPair[]>;
  /** Ended tasks from a step on, in step order. */
  ended(rolloutId: string, fromIndex: number): Promise<(EndedTask & { readonly index: number })[]>;
  /** What each step of the plan does; null when the plan is gone. */
  actionsOf(planDigest: Digest): Promise<PlanActions | null>;
}

export interface PlanActions {
  readonly actionSchemas: Readonly<Record<string, Digest>>;
  readonly namesOf: (index: number) => readonly string[];
}

/** How true dry runs have been. */
export interface PredictionsService {
  tracksOf(schemas: Readonly<Record<string, Digest>>): Promise<ActionTrack[]>;
}
