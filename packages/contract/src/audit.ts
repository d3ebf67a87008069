import { z } from 'zod';
import { Digest, JsonObject, Timestamp } from './scalars.ts';

export const Actor = z.object({
  kind: z.enum(['user', 'token', 'system', 'host']),
  id: z.string(),
  name: z.string(),
});
export type Actor = z.infer<typeof Actor>;

/** One link of the chain: `hash` = SHA-256 over the canonical JSON of all the other fields, `previous` among them. */
export const AuditRecord = z.object({
  sequence: z.number().int().min(1),
  at: Timestamp,
  actor: Actor,
  /** `rollout.started`, `session.signed-in`: noun, then past tense. */
  action: z.string(),
  subject: z.string(),
  details: JsonObject,
  requestId: z.string().nullable(),
  previous: Digest,
  hash: Digest,
});
export type AuditRecord = z.infer<typeof AuditRecord>;

/** A signed statement "after record `sequence` the chain's hash was `hash`". Witnesses keep the latest they saw. */
export const AuditCheckpoint = z.object({
  sequence: z.number().int().min(0),
  hash: Digest,
  at: Timestamp,
  keyId: z.string(),
  signature: z.string(),
});
export type AuditCheckpoint = z.infer<typeof AuditCheckpoint>;
