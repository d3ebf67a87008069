import { z } from 'zod';
import { HostId } from './host-id.ts';
import { LabelKey } from './label-key.ts';
import { Timestamp } from './scalars.ts';
import { ruleText } from './schema-text.ts';

/** Names of what people set up beside hosts: budgets, windows, freezes, schedules, channels. */
export const RuleName = z.string().regex(
  /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,62}$/u,
  ruleText({
    en: 'must be a name of at most 63 letters, digits, _ . and -, beginning with a letter or a digit',
    zh: '必须以字母或数字开头，至多 63 个字母、数字及 _ . -',
  }),
);

/** How many members of one domain may be down: so many, a share rounded down, or as many as leave a majority. */
export const BudgetLimit = z.union([
  z.object({ hosts: z.number().int().min(0).max(100_000) }),
  z.object({ percent: z.number().min(0).max(100) }),
  z.object({ quorum: z.literal(true) }),
]);
export type BudgetLimit = z.infer<typeof BudgetLimit>;

/**
 * A cap on hosts that are down at once, over all causes. `per`: one cap for each value of that label among the members;
 * null: one for all of them. `counts`: `any` task that interrupts something draws from it, or only one that takes the
 * whole `host` away, as a reboot does.
 */
export const Budget = z.object({
  name: RuleName,
  selector: z.string().min(1).max(4096),
  per: LabelKey.nullable(),
  limit: BudgetLimit,
  counts: z.enum(['any', 'host']),
  reason: z.string().max(500),
  changedBy: z.string(),
  changedAt: Timestamp,
  etag: z.string(),
});
export type Budget = z.infer<typeof Budget>;

/**
 * Why a host counts as down. lease: a task may be interrupting it · offline: beyond the grace time, or not seen since the
 * server started · failing: a probe or a finding says so · unknown: whether it is a member cannot be decided.
 */
export const DownCause = z.enum(['lease', 'offline', 'maintenance', 'quarantined', 'failing', 'unknown']);
export type DownCause = z.infer<typeof DownCause>;

/** One cap as it stands. `value` null: the budget has one domain; empty: members without the label. */
export const BudgetDomain = z.object({
  value: z.string().nullable(),
  members: z.number().int(),
  undetermined: z.number().int(),
  /** Hosts that may be down. */
  allowed: z.number().int(),
  down: z.number().int(),
  /** Those of them that the reader may see, cut at a few; `down` is whole. */
  downHosts: z.array(z.object({ hostId: HostId, hostName: z.string(), causes: z.array(DownCause) })),
});
export type BudgetDomain = z.infer<typeof BudgetDomain>;

/** taken: its task is under way · returning: the task has ended, the host is not confirmed back. */
export const Lease = z.object({
  taskId: z.string(),
  rolloutId: z.string(),
  hostId: HostId,
  hostName: z.string(),
  interrupts: z.enum(['service', 'host']),
  state: z.enum(['taken', 'returning']),
  since: Timestamp,
  /** When its task ended; null while it is under way. */
  endedAt: Timestamp.nullable(),
});
export type Lease = z.infer<typeof Lease>;
