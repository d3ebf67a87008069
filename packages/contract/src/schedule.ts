import { z } from 'zod';
import { NewPlan } from './api/plans.ts';
import { RuleName } from './budget.ts';
import { Digest, JsonObject, Timestamp } from './scalars.ts';
import { PLAN_HOSTS_MAX } from './strategy.ts';
import { Recurrence } from './window.ts';

const DAY_MS = 86_400_000;

/** What is done at each occurrence: a plan without its times. */
export const ScheduleTemplate = NewPlan.omit({ notBefore: true, expiresAt: true });
export type ScheduleTemplate = z.infer<typeof ScheduleTemplate>;

/** What a schedule does, when and to how many; its digest is what people approve. */
export const ScheduleTerms = z.object({
  template: ScheduleTemplate,
  recurrence: Recurrence,
  /** What becomes of an occurrence that nobody was there to start: run it once, late, or leave it out. */
  missed: z.enum(['run-once-late', 'skip']).default('run-once-late'),
  /** Later than this it is left out in any case. */
  lateMsMax: z
    .number()
    .int()
    .min(60_000)
    .max(30 * DAY_MS)
    .default(3_600_000),
  /** An occurrence that would touch more hosts is left out. */
  hostsMax: z.number().int().min(1).max(PLAN_HOSTS_MAX),
  /** How long each occurrence's plan lives. */
  runForMs: z
    .number()
    .int()
    .min(60_000)
    .max(30 * DAY_MS)
    .default(DAY_MS),
  /** The mandate under which strict hosts accept its plans; null: none. */
  mandateId: Digest.nullable().default(null),
});
export type ScheduleTerms = z.infer<typeof ScheduleTerms>;

/** due: its turn has come · planned: its plan is made · started, skipped, missed, failed: how it ended. */
export const OccurrenceState = z.enum(['due', 'planned', 'started', 'skipped', 'missed', 'failed']);
export type OccurrenceState = z.infer<typeof OccurrenceState>;

export const Occurrence = z.object({
  dueAt: Timestamp,
  state: OccurrenceState,
  /** Why it was not started: a code of an error table with its details; null: it was, or is on its way. */
  cause: z.object({ code: z.string(), details: JsonObject }).nullable(),
  /** Who asked for it by hand; null: its time had come. */
  askedBy: z.string().nullable(),
  planDigest: Digest.nullable(),
  rolloutId: z.string().nullable(),
  /** When its state was written last. */
  at: Timestamp,
});
export type Occurrence = z.infer<typeof Occurrence>;

export const Schedule = ScheduleTerms.extend({
  name: RuleName,
  isPaused: z.boolean(),
  /** With whose rights its plans are made, asked anew at each occurrence. */
  owner: z.string(),
  /** Of the terms: what an approval is bound to. */
  termsDigest: Digest,
  approvals: z.object({ required: z.number().int(), given: z.array(z.string()) }),
  /** The next few, while it is not paused. */
  next: z.array(Timestamp),
  last: Occurrence.nullable(),
  changedAt: Timestamp,
  etag: z.string(),
});
export type Schedule = z.infer<typeof Schedule>;
