import { z } from 'zod';
import { PlanHeader, Step } from './plan.ts';
import { Digest, Timestamp } from './scalars.ts';

export const Signature = z.object({
  keyId: z.string().max(64),
  /** Ed25519 over a tag and the signed bytes, base64. */
  value: z.string().max(128),
});
export type Signature = z.infer<typeof Signature>;

/** Domain separation: a signature over an envelope can never serve for a trust bundle, a checkpoint or a plan. */
export const ENVELOPE_TAG = 'pilothouse.envelope.v1\n';
/** For the signature that envelopes of one batch share. */
export const ENVELOPE_BATCH_TAG = 'pilothouse.envelope-batch.v1\n';
export const TRUST_TAG = 'pilothouse.trust.v1\n';
export const CHECKPOINT_TAG = 'pilothouse.checkpoint.v1\n';
export const TIME_TAG = 'pilothouse.time.v1\n';
/** An operator's own signature over the digest of a plan, in lower-case hex. */
export const PLAN_SIGNATURE_TAG = 'pilothouse.plan-signature.v1\n';
/** An operator's own signature over the exact text of a mandate. */
export const MANDATE_TAG = 'pilothouse.mandate.v1\n';
/** A person's proof, over a nonce of the server, that the key being registered is theirs. */
export const OPERATOR_KEY_TAG = 'pilothouse.operator-key.v1\n';

/**
 * What people signed with their own keys, beside the server's signature: the plan itself, or a mandate for work that
 * recurs. A host in strict mode runs nothing that is not covered by one of them.
 */
export const Authority = z.object({
  plan: z.array(Signature).max(16).optional(),
  mandate: z
    .object({ text: z.string().max(256 * 1024), signatures: z.array(Signature).min(1).max(16) })
    .optional(),
});
export type Authority = z.infer<typeof Authority>;

/**
 * A task as it travels to its host: the plan's header, this host's step and the proof that the step is in the plan.
 * It is signed as the exact bytes of its JSON text, so that nobody has to agree on a canonical form to verify it.
 */
export const EnvelopePayload = z.object({
  version: z.literal(1),
  /** `probe` runs the plan's probes alone and changes nothing. */
  kind: z.enum(['run', 'dry-run', 'probe']),
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
  /** Absent: nobody signed it with a key of their own. */
  authority: Authority.optional(),
});
export type EnvelopePayload = z.infer<typeof EnvelopePayload>;

export const ENVELOPE_BYTES_MAX = 4 * 1024 * 1024;

/** An envelope's place among those that were signed together. */
export const EnvelopePlace = z.object({
  index: z.number().int().min(0),
  count: z.number().int().min(1).max(65_536),
  proof: z.array(Digest).max(16),
});
export type EnvelopePlace = z.infer<typeof EnvelopePlace>;

export const Envelope = z.object({
  payload: z.string().max(ENVELOPE_BYTES_MAX),
  signatures: z.array(Signature).min(1).max(16),
  /**
   * Absent: the signatures are over this payload. Otherwise they are over the batch that it has this place in: only for
   * agents with the capability `batch-signature`.
   */
  batch: EnvelopePlace.optional(),
});
export type Envelope = z.infer<typeof Envelope>;
