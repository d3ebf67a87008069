import { ActionOutcome, Digest, TaskOutcome, Timestamp } from '@pilothouse/contract';
import { z } from 'zod';
import { decodeLine, encodeLine } from './checked-line.ts';
import { TaskStage } from './task-stage.ts';

/** By whose word a task began; absent in records of agents that did not note it. */
export const GrantedBy = z.object({
  /**
   * `server`: its key was enough. `policy`: this host asks for no more. `plan`, `mandate`: people's own keys. `undo`: those
   * of the plan that it undoes.
   */
  by: z.enum(['server', 'policy', 'plan', 'mandate', 'undo']),
  /** Operators' keys that counted. */
  keys: z.array(z.string().max(16)).max(64),
  /** Digest of the mandate's text, and until when its uses are counted. */
  mandate: z.object({ digest: Digest, expiresAt: Timestamp }).optional(),
  /** The plan that an undo takes back. */
  undoOf: Digest.optional(),
  /** Of the probes of its plan, which an undo of it may bring along. */
  probes: Digest.optional(),
});
export type GrantedBy = z.infer<typeof GrantedBy>;

const Key = { taskId: z.string().max(64), attempt: z.number().int() };

/**
 * One line of the journal. `ran` is what compaction leaves of an acknowledged task: enough for the ledger. A plain task
 * writes only kinds that every agent since the first reads; an older one would take a newer kind for a torn line.
 */
export const JournalRecord = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('started'),
    ...Key,
    planDigest: Digest,
    stepIndex: z.number().int(),
    at: Timestamp,
    /** A dry run changes nothing, so the ledger does not hold it: the run of the same step comes after it. */
    isDryRun: z.boolean(),
    /** Signed server time when it began, in milliseconds: the floor for whoever reads this journal later. */
    serverTimeMs: z.number().int(),
    /** Until then the ledger refuses to run this step again. */
    expiresAt: Timestamp,
    granted: GrantedBy.optional(),
    /** Of the step, where it has more than one. */
    actions: z.number().int().min(1).optional(),
  }),
  /** An action of a step of several has ended, and its stage with it: a crash later in the step forgets neither. */
  z.object({ kind: z.literal('action-ended'), ...Key, outcome: ActionOutcome }),
  /** Null: the action goes on without one. */
  z.object({ kind: z.literal('stage'), ...Key, stage: TaskStage.nullable() }),
  z.object({ kind: z.literal('ended'), ...Key, outcome: TaskOutcome }),
  z.object({ kind: z.literal('saved'), ...Key }),
  z.object({
    kind: z.literal('ran'),
    ...Key,
    planDigest: Digest,
    stepIndex: z.number().int(),
    expiresAt: Timestamp,
    granted: GrantedBy.optional(),
  }),
  /** What compaction leaves of the server times it dropped. */
  z.object({ kind: z.literal('time'), serverTimeMs: z.number().int() }),
  /** How often a mandate was used until here, whatever the records before it say. */
  z.object({ kind: z.literal('uses'), mandate: Digest, count: z.number().int(), expiresAt: Timestamp }),
]);
export type JournalRecord = z.infer<typeof JournalRecord>;
export type StartedRecord = Extract<JournalRecord, { kind: 'started' }>;

/** Throws on what could not be read back: such a line would hide every one behind it. */
export const encodeRecord = (record: JournalRecord): string =>
  encodeLine(JSON.stringify(JournalRecord.parse(record)));

/** Null for a torn or foreign line. */
export function decodeRecord(line: string): JournalRecord | null {
  const json = decodeLine(line);
  if (json === null) return null;
  const parsed = JournalRecord.safeParse(JSON.parse(json));
  return parsed.success ? parsed.data : null;
}
