import type {
  Actor,
  JsonObject,
  Plan,
  Rollout,
  StepAction,
  Strategy,
  TargetRequest,
  Task,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { Principal } from '../access/service.ts';

export interface PlannedAction {
  readonly action: string;
  readonly parameters: JsonObject;
  readonly when?: StepAction['when'];
  /**
   * Taken in place of the permission that the action's spec names. For plugins alone, never from a request's body: a
   * plugin that has had the content reviewed asks for less than whoever brings content of their own.
   */
  readonly permission?: string;
}

export interface PlanRequest {
  readonly title: string;
  readonly target: TargetRequest;
  readonly actions: readonly PlannedAction[];
  /** What is left out, or undefined as parsed bodies have it, comes from the defaults. */
  readonly strategy: { readonly [K in keyof Strategy]?: Strategy[K] | undefined };
  /** Milliseconds since the epoch. */
  readonly notBefore?: number;
  readonly expiresAt?: number;
  /** Not refused for what stands in the way of changes alone: windows, freezes, budgets. */
  readonly isDryRunOnly?: boolean | undefined;
  /** Where the rest of the strategy comes from: an ad-hoc `run` (default) goes everywhere, a `plan` halts at a failure. */
  readonly defaults?: 'run' | 'plan';
}

/** Plans are made and carried out here and nowhere else: the only way to change a host. */
export interface RolloutsService {
  /** Resolves targets, checks parameters, permission and scope; stores the plan. */
  plan(
    principal: Principal,
    request: PlanRequest,
  ): Promise<{
    plan: Plan;
    undetermined: number;
    /** Ids of hosts whose agent, as last heard, lacks an action: their tasks will be skipped. */
    lacking: string[];
  }>;
  start(principal: Principal, planDigest: string, kind: 'run' | 'dry-run'): Promise<Rollout>;
  /** The rollout that carries a plan out or has; null: nobody started it. Dry runs are none. */
  runOf(planDigest: string): Promise<string | null>;
  get(id: string): Promise<Rollout | null>;
  tasksOf(hostId: string, limit: number): Promise<Task[]>;
  /** Ends what a host still had open, with the cause; used by decommissioning and quarantine. */
  releaseHost(transaction: Transaction, hostId: string, cause: { code: string; by: Actor }): Promise<void>;
}
