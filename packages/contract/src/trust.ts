import { z } from 'zod';

/** A public envelope key. `raw` is the 32 bytes of Ed25519 in base64; `id` the first 16 hex digits of their SHA-256. */
export const EnvelopeKey = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/), raw: z.string().max(64) });
export type EnvelopeKey = z.infer<typeof EnvelopeKey>;

/**
 * What a host trusts: certificate authorities for the gateway and keys for envelopes. Version n + 1 is signed by an
 * envelope key of version n, so trust moves forward only by the hand of whoever was trusted before.
 */
export const TrustBundle = z.object({
  version: z.number().int().min(1),
  /** PEM certificates, newest first. */
  authorities: z.array(z.string().max(8192)).min(1).max(4),
  envelopeKeys: z.array(EnvelopeKey).min(1).max(4),
});
export type TrustBundle = z.infer<typeof TrustBundle>;

/** `payload` is the exact JSON text of a TrustBundle; signed over TRUST_TAG and its bytes. */
export const SignedTrustBundle = z.object({
  payload: z.string().max(65_536),
  signatures: z.array(z.object({ keyId: z.string().max(64), value: z.string().max(128) })).max(8),
});
export type SignedTrustBundle = z.infer<typeof SignedTrustBundle>;

/**
 * An enrolment token as people paste it: `pht1.` and base64url of this. `pin` is the SHA-256 of the CA certificate's
 * DER, so the first connection is already authenticated.
 */
export const EnrolmentToken = z.object({
  urls: z.array(z.string().max(256)).min(1).max(8),
  pin: z.string().regex(/^[0-9a-f]{64}$/),
  secret: z.string().min(16).max(128),
});
export type EnrolmentToken = z.infer<typeof EnrolmentToken>;
export const ENROLMENT_TOKEN_PREFIX = 'pht1.';
