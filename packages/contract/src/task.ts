import { z } from 'zod';
import { HostId } from './host-id.ts';
import { ProbeResult } from './probe.ts';
import { Digest, JsonObject, Timestamp } from './scalars.ts';

/**
 * pending: not offered yet · offered: sent, not known to have started · running: the host's journal says started ·
 * the rest are ends. `unknown`: started, and nobody can say how it ended; never run again by itself.
 */
export const TaskState = z.enum([
  'pending',
  'offered',
  'running',
  'succeeded',
  'failed',
  'unknown',
  'skipped',
  'cancelled',
  'expired',
]);
export type TaskState = z.infer<typeof TaskState>;

export const TASK_ENDS: readonly TaskState[] = [
  'succeeded',
  'failed',
  'unknown',
  'skipped',
  'cancelled',
  'expired',
];

/** Default cap on one task's output, both streams together. */
export const OUTPUT_BYTES_MAX_DEFAULT = 1024 * 1024;
/** Output up to this size rides in the outcome itself; larger bodies are asked for by digest. */
export const OUTPUT_INLINE_BYTES_MAX = 4096;

/** One piece of output in order of arrival. `text` is UTF-8 with invalid bytes replaced. */
export const OutputChunk = z.object({ stream: z.enum(['stdout', 'stderr']), text: z.string() });
export type OutputChunk = z.infer<typeof OutputChunk>;

/** All that a task printed: canonical JSON, named by its digest, stored once however many hosts printed the same. */
export const OutputBody = z.object({
  stdout: z.string(),
  stderr: z.string(),
  /** Bytes that were dropped after the cap; 0 when nothing was cut. */
  cutBytes: z.number().int().min(0),
});
export type OutputBody = z.infer<typeof OutputBody>;

/** How one action of a step ended. `passed-over`: its `when` did not come true. */
export const ActionOutcome = z.object({
  action: z.string().max(80),
  kind: z.enum(['succeeded', 'failed', 'timed-out', 'cancelled', 'passed-over']),
  exitCode: z.number().int().nullable(),
  error: z.object({ code: z.string().max(80), details: JsonObject }).nullable(),
  result: JsonObject.nullable(),
});
export type ActionOutcome = z.infer<typeof ActionOutcome>;

/**
 * How one execution ended, as the agent's journal holds it. A step of several actions ends as the first of them that ran
 * and did not succeed, also when a later one repaired what it left; `result` is that of the last that ran.
 */
export const TaskOutcome = z.object({
  kind: z.enum(['succeeded', 'failed', 'timed-out', 'cancelled', 'refused', 'unknown']),
  /** Of the last action's process; null when no process ended by itself. */
  exitCode: z.number().int().nullable(),
  signal: z.string().max(16).nullable(),
  /** Null when it never started. */
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp,
  output: z
    .object({ digest: Digest, sizeBytes: z.number().int().min(0), cutBytes: z.number().int().min(0) })
    .nullable(),
  /** A code of an error table, for anything but success by exit code alone. */
  error: z.object({ code: z.string().max(80), details: JsonObject }).nullable(),
  /** The action's typed result, if it has one. */
  result: JsonObject.nullable(),
  /** One entry an action, where the step has more than one; absent otherwise. */
  actions: z.array(ActionOutcome).max(16).optional(),
  /** What the plan's probes said before and after; absent where the plan has none. */
  probes: z.object({ before: z.array(ProbeResult).max(8), after: z.array(ProbeResult).max(8) }).optional(),
});
export type TaskOutcome = z.infer<typeof TaskOutcome>;

/** One host's share of a rollout, as readers see it. */
export const Task = z.object({
  id: z.string(),
  rolloutId: z.string(),
  hostId: HostId,
  hostName: z.string(),
  stepIndex: z.number().int(),
  wave: z.number().int(),
  state: TaskState,
  attempt: z.number().int(),
  /** Why it is in this state: a code of an error table, or null. */
  cause: z.object({ code: z.string(), details: JsonObject }).nullable(),
  offeredAt: Timestamp.nullable(),
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  outcome: TaskOutcome.nullable(),
});
export type Task = z.infer<typeof Task>;
