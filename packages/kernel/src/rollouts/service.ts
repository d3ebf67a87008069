import type { Actor, JsonObject, Plan, Rollout, Strategy, TargetRequest, Task } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { Principal } from '../access/service.ts';

export interface PlanRequest {
  readonly title: string;
  readonly target: TargetRequest;
  readonly actions: readonly { readonly action: string; readonly parameters: JsonObject }[];
  readonly strategy: Partial<Strategy>;
  /** Milliseconds since the epoch. */
  readonly notBefore?: number;
  readonly expiresAt?: number;
}

/** Plans are made and carried out here and nowhere else: the only way to change a host. */
export interface RolloutsService {
  /** Resolves targets, checks parameters, permission and scope; stores the plan. */
  plan(
    principal: Principal,
    request: PlanRequest,
  ): Promise<{ plan: Plan; undetermined: number; lacking: string[] }>;
  start(principal: Principal, planDigest: string, kind: 'run' | 'dry-run'): Promise<Rollout>;
  get(id: string): Promise<Rollout | null>;
  tasksOf(hostId: string, limit: number): Promise<Task[]>;
  /** Ends what a host still had open, with the cause; used by decommissioning and quarantine. */
  releaseHost(transaction: Transaction, hostId: string, cause: { code: string; by: Actor }): Promise<void>;
}
