import { z } from 'zod';
import { PlanTarget } from './plan.ts';
import { Digest, JsonObject, Timestamp } from './scalars.ts';
import { ruleText } from './schema-text.ts';
import { Strategy } from './strategy.ts';

export const RolloutId = z.string().regex(
  /^r_[0-9a-hjkmnp-tv-z]{18}$/,
  ruleText({
    en: 'must be the id of a rollout, such as r_0k3v9d2qa7m8f4q7xz',
    zh: '必须是发布的 id，例如 r_0k3v9d2qa7m8f4q7xz',
  }),
);

/**
 * awaiting-approval: people have yet to approve or sign its plan · rolling-back: halted, and what it touched is being
 * undone by a rollout of its own · from `rolled-back` on they are ends.
 */
export const RolloutState = z.enum([
  'awaiting-approval',
  'scheduled',
  'running',
  'paused',
  'halting',
  'cancelling',
  'rolling-back',
  'rolled-back',
  'succeeded',
  'halted',
  'failed',
  'cancelled',
  'expired',
]);
export type RolloutState = z.infer<typeof RolloutState>;

export const ROLLOUT_ENDS: readonly RolloutState[] = [
  'rolled-back',
  'succeeded',
  'halted',
  'failed',
  'cancelled',
  'expired',
];

export const TaskCounts = z.object({
  pending: z.number().int(),
  offered: z.number().int(),
  running: z.number().int(),
  succeeded: z.number().int(),
  failed: z.number().int(),
  unknown: z.number().int(),
  skipped: z.number().int(),
  cancelled: z.number().int(),
  expired: z.number().int(),
});
export type TaskCounts = z.infer<typeof TaskCounts>;

export const RolloutCause = z.object({ code: z.string(), details: JsonObject, by: z.string().nullable() });
export type RolloutCause = z.infer<typeof RolloutCause>;

/** One execution of a plan, as readers see it. */
export const Rollout = z.object({
  id: RolloutId,
  planDigest: Digest,
  kind: z.enum(['run', 'dry-run']),
  title: z.string(),
  state: RolloutState,
  /** Why it is in this state; each transition has exactly one. */
  cause: RolloutCause,
  /** What keeps it from going on right now, or null. */
  waitingFor: z.object({ code: z.string(), details: JsonObject, since: Timestamp }).nullable(),
  counts: TaskCounts,
  wave: z.number().int(),
  wavesCount: z.number().int(),
  strategy: Strategy,
  target: PlanTarget,
  createdBy: z.string(),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  expiresAt: Timestamp,
  retryOf: RolloutId.nullable(),
  /** The rollout whose changes this one undoes. */
  rollbackOf: RolloutId.nullable().default(null),
  /** The rollout that undoes this one's changes, once there is one. */
  rolledBackBy: RolloutId.nullable().default(null),
  etag: z.string(),
});
export type Rollout = z.infer<typeof Rollout>;

/** Hosts that ended alike: "9,991 the same, 9 differ". Sorted by size, largest first. */
export const ResultGroup = z.object({
  state: z.string(),
  exitCode: z.number().int().nullable(),
  error: z.object({ code: z.string(), details: JsonObject }).nullable(),
  outputDigest: Digest.nullable(),
  hostsCount: z.number().int(),
  /** The first names in order, at most 100. */
  hostNames: z.array(z.string()),
  /** The start of the shared output, at most 4 KiB of each stream. */
  preview: z
    .object({
      stdout: z.string(),
      stderr: z.string(),
      /** Bytes that the host dropped after the cap of its task. */
      cutBytes: z.number().int(),
      /** Characters of the kept output that this preview leaves out. */
      hiddenChars: z.number().int(),
    })
    .nullable(),
});
export type ResultGroup = z.infer<typeof ResultGroup>;
