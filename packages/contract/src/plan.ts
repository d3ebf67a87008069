import { z } from 'zod';
import { ActionName } from './action.ts';
import { HostId } from './host-id.ts';
import { Digest, JsonObject, Timestamp } from './scalars.ts';
import { PLAN_HOSTS_MAX, Strategy, WAVES_MAX } from './strategy.ts';

export const STEP_ACTIONS_MAX = 16;
export const PARAMETERS_BYTES_MAX = 256 * 1024;

/** One action of a step with its final parameters. */
export const StepAction = z.object({
  action: ActionName,
  parameters: JsonObject,
  /** Digests of content that the action needs beside its parameters. */
  contents: z.array(Digest).max(64),
  /** What its rollback would do; null where the action records nothing to restore. */
  undo: z.object({ kind: z.literal('recorded') }).nullable(),
  /**
   * When the action runs, judged on the host by how the one before it ended; absent: when all before succeeded.
   * `changed`: the one before succeeded and said that it changed something. `failed`: an earlier one failed, so this is
   * a repair. `always`: whatever came before. An action whose turn does not come is passed over, which is no failure.
   */
  when: z.enum(['changed', 'failed', 'always']).optional(),
});
export type StepAction = z.infer<typeof StepAction>;

/** One host's share of a plan: a leaf of the plan's Merkle tree. */
export const Step = z.object({
  hostId: HostId,
  actions: z.array(StepAction).min(1).max(STEP_ACTIONS_MAX),
  /** The number of its wave from 0, where the plan resolved its waves; so that people sign who goes when. */
  wave: z.number().int().min(0).max(WAVES_MAX).optional(),
});
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
  /** The waves as they were resolved, in order; each step names its own. Absent: waves follow from the strategy alone. */
  waves: z
    .array(z.object({ name: z.string().max(160), hostsCount: z.number().int().min(1) }))
    .min(1)
    .max(WAVES_MAX)
    .optional(),
  /** Digests of the parameter schemas the plan was checked against, by action. */
  actionSchemas: z.record(ActionName, Digest),
  stepsRoot: Digest,
  stepsCount: z.number().int().min(1).max(PLAN_HOSTS_MAX),
  /** Chance: two people who ask for the same in the same millisecond make two plans. */
  nonce: z.string().max(32).optional(),
  /** The plan whose unsuccessful hosts this one runs again. */
  retryOf: Digest.nullable(),
  /** The plan whose recorded changes this one undoes. */
  rollbackOf: Digest.optional(),
});
export type PlanHeader = z.infer<typeof PlanHeader>;

export const Plan = z.object({ digest: Digest, header: PlanHeader });
export type Plan = z.infer<typeof Plan>;
