import { z } from 'zod';
import { ActionName } from './action.ts';
import { HostId } from './host.ts';
import { Digest, JsonObject, Timestamp } from './scalars.ts';

export const PLAN_HOSTS_MAX = 100_000;
export const STEP_ACTIONS_MAX = 16;
export const PARAMETERS_BYTES_MAX = 256 * 1024;

/** What happens to a host that is not connected when its turn comes. */
export const OfflinePolicy = z.enum(['wait', 'skip', 'fail']);
export type OfflinePolicy = z.infer<typeof OfflinePolicy>;

/**
 * How a rollout proceeds. `failuresMax` = k halts at failure k + 1, and there are never more than k + 1: what is
 * unresolved is held to k + 1 minus the failures so far. Null: no limit (the default of an ad-hoc run, never of a plan).
 */
export const Strategy = z.object({
  waves: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('all') }),
    z.object({ kind: z.literal('fixed'), hostsPerWave: z.number().int().min(1).max(PLAN_HOSTS_MAX) }),
  ]),
  inFlightMax: z.number().int().min(1).max(PLAN_HOSTS_MAX),
  failuresMax: z.number().int().min(0).nullable(),
  offline: OfflinePolicy,
  taskTimeoutMs: z
    .number()
    .int()
    .min(1000)
    .max(7 * 86_400_000),
  /** Targets whose facts are older are refused when the plan is made. Null: any age. */
  factsAgeMaxMs: z.number().int().min(1000).nullable(),
});
export type Strategy = z.infer<typeof Strategy>;

/** One action of a step with its final parameters. */
export const StepAction = z.object({
  action: ActionName,
  parameters: JsonObject,
  /** Digests of content that the action needs beside its parameters. */
  contents: z.array(Digest).max(64),
  /** What its rollback would do; null where the action records nothing to restore. */
  undo: z.object({ kind: z.literal('recorded') }).nullable(),
});
export type StepAction = z.infer<typeof StepAction>;

/** One host's share of a plan: a leaf of the plan's Merkle tree. */
export const Step = z.object({ hostId: HostId, actions: z.array(StepAction).min(1).max(STEP_ACTIONS_MAX) });
export type Step = z.infer<typeof Step>;

/** Which hosts were asked for, kept for re-checks and for people; the steps say which were meant. */
export const TargetRequest = z.object({
  selector: z.string().min(1).max(4096).optional(),
  hostIds: z.array(HostId).max(PLAN_HOSTS_MAX).optional(),
  groups: z.array(z.string()).max(1000).optional(),
});
export type TargetRequest = z.infer<typeof TargetRequest>;

/**
 * The request as a plan's header carries it. A list of hosts is named by count and digest alone: the steps hold the
 * ids, and a header travels with every single task, so ten thousand ids in it would travel ten thousand times.
 */
export const PlanTarget = z.object({
  selector: z.string().min(1).max(4096).optional(),
  groups: z.array(z.string()).max(1000).optional(),
  hosts: z.object({ count: z.number().int().min(1), digest: Digest }).optional(),
});
export type PlanTarget = z.infer<typeof PlanTarget>;

/** Everything of a plan but its steps. Its canonical form, which holds the steps' Merkle root, is what the digest names. */
export const PlanHeader = z.object({
  version: z.literal(1),
  title: z.string().min(1).max(200),
  createdBy: z.string(),
  createdAt: Timestamp,
  notBefore: Timestamp,
  expiresAt: Timestamp,
  target: PlanTarget,
  strategy: Strategy,
  /** Digests of the parameter schemas the plan was checked against, by action. */
  actionSchemas: z.record(ActionName, Digest),
  stepsRoot: Digest,
  stepsCount: z.number().int().min(1).max(PLAN_HOSTS_MAX),
  /** Chance: two people who ask for the same in the same millisecond make two plans. */
  nonce: z.string().max(32).optional(),
  /** The plan whose unsuccessful hosts this one runs again. */
  retryOf: Digest.nullable(),
});
export type PlanHeader = z.infer<typeof PlanHeader>;

export const Plan = z.object({ digest: Digest, header: PlanHeader });
export type Plan = z.infer<typeof Plan>;
