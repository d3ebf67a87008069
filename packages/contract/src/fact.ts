import { z } from 'zod';
import type { Message } from './message.ts';
import { REASON_CHARS_MAX, ReasonText } from './reason-text.ts';
import { Digest, Timestamp } from './scalars.ts';

export const FactName = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/);

/** No fact body may be larger, whatever its own limit says: 64,000 packages fit. */
export const FACT_BODY_BYTES_MAX = 8 * 1024 * 1024;
/** An agent offers at most this many facts. */
export const FACTS_PER_HOST_MAX = 64;

/**
 * A typed snapshot of one aspect of a host. Bodies are canonical JSON and named by their digest, so hosts of one build
 * share them: a body holds nothing that ticks, and nothing unique to a host unless `isShared` is false.
 */
export interface FactSpec<Body extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly title: Message;
  readonly body: Body;
  /** True when two hosts of one build must have the same digest; the conformance suite compares two. */
  readonly isShared: boolean;
  readonly sizeBytesMax: number;
  readonly intervalMs: number;
  /** What is missing from it when the agent does not run as root; absent: nothing. */
  readonly withoutRoot?: Message;
}

export const defineFact = <Body extends z.ZodType>(spec: FactSpec<Body>): FactSpec<Body> => spec;

/** Why a host has no body for a fact it knows of. */
export const FactAbsence = z.enum(['not-supported', 'needs-root', 'tool-missing', 'too-large', 'failed']);
export type FactAbsence = z.infer<typeof FactAbsence>;

/** What an agent says of one fact: the digest of its body, or why there is none. */
export const FactReport = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('present'),
    fact: FactName,
    digest: Digest,
    sizeBytes: z.number().int().min(0).max(FACT_BODY_BYTES_MAX),
    /** Lines of foreign text that the parser did not know; counted, never fatal. */
    unknownLines: z.number().int().min(0),
  }),
  z.object({
    kind: z.literal('absent'),
    fact: FactName,
    reason: FactAbsence,
    /** What was being done to what, for a person: "read /sys/firmware/dmi". */
    detail: z.string().max(REASON_CHARS_MAX),
    /** The same in both languages; absent from agents that know one. */
    why: ReasonText.optional(),
  }),
]);
export type FactReport = z.infer<typeof FactReport>;

/** One row of a host's fact history: this digest held from `from` until `to` (null: still). */
export const FactSpan = z.object({
  fact: FactName,
  report: FactReport,
  from: Timestamp,
  to: Timestamp.nullable(),
  /** When the agent last confirmed it. */
  seenAt: Timestamp,
});
export type FactSpan = z.infer<typeof FactSpan>;
