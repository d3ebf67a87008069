import { z } from 'zod';
import { PlanHeader, Step } from './plan.ts';
import { Digest, Timestamp } from './scalars.ts';

/**
 * A task as it travels to its host: the plan's header, this host's step and the proof that the step is in the plan.
 * It is signed as the exact bytes of its JSON text, so that nobody has to agree on a canonical form to verify it.
 */
export const EnvelopePayload = z.object({
  version: z.literal(1),
  kind: z.enum(['run', 'dry-run']),
  planDigest: Digest,
  header: PlanHeader,
  step: Step,
  stepIndex: z.number().int().min(0),
  proof: z.array(Digest).max(20),
  rolloutId: z.string(),
  taskId: z.string(),
  /** 1, or higher after a person or a policy said "again" for an unknown outcome. */
  attempt: z.number().int().min(1).max(1000),
  notBefore: Timestamp,
  notAfter: Timestamp,
  timeoutMs: z.number().int().min(1),
  outputBytesMax: z.number().int().min(0),
  /** Signed server time: windows are judged by it, with a monotonic floor on the agent. */
  serverTime: Timestamp,
});
export type EnvelopePayload = z.infer<typeof EnvelopePayload>;

export const ENVELOPE_BYTES_MAX = 4 * 1024 * 1024;

export const Signature = z.object({
  keyId: z.string().max(64),
  /** Ed25519 over ENVELOPE_TAG and the payload's bytes, base64. */
  value: z.string().max(128),
});
export const Envelope = z.object({
  payload: z.string().max(ENVELOPE_BYTES_MAX),
  signatures: z.array(Signature).min(1).max(16),
});
export type Envelope = z.infer<typeof Envelope>;

/** Domain separation: a signature over an envelope can never serve for a trust bundle or a checkpoint. */
export const ENVELOPE_TAG = 'pilothouse.envelope.v1\n';
export const TRUST_TAG = 'pilothouse.trust.v1\n';
export const CHECKPOINT_TAG = 'pilothouse.checkpoint.v1\n';
export const TIME_TAG = 'pilothouse.time.v1\n';
