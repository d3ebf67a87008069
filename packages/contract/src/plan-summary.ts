/** A plan as lists show it: what it is, whose, and what became of it. The plan itself is read by its digest. */
import { z } from 'zod';
import { ActionName } from './action.ts';
import { RolloutId, RolloutState } from './rollout.ts';
import { Digest, Timestamp } from './scalars.ts';

/**
 * ready: it can be started · awaiting-approval: people have yet to say yes; it can be started and waits for them then ·
 * started: a rollout carried it out or does · expired: nobody started it in time.
 */
export const PlanState = z.enum(['ready', 'awaiting-approval', 'started', 'expired']);
export type PlanState = z.infer<typeof PlanState>;

export const PlanSummary = z.object({
  digest: Digest,
  title: z.string(),
  state: PlanState,
  actions: z.array(ActionName),
  hostsCount: z.number().int(),
  createdBy: z.string(),
  createdAt: Timestamp,
  notBefore: Timestamp,
  expiresAt: Timestamp,
  /** Null: it needs nobody, has them all, or was started or expired. */
  approvals: z.object({ required: z.number().int(), given: z.number().int() }).nullable(),
  /** The run of it, never a dry run; null: nobody started it. */
  rollout: z.object({ id: RolloutId, state: RolloutState }).nullable(),
  retryOf: Digest.nullable(),
  rollbackOf: Digest.nullable(),
});
export type PlanSummary = z.infer<typeof PlanSummary>;
