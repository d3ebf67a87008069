import type { Envelope, EnvelopePayload, HostId, SignedTrustBundle } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';

/** Signs with the current envelope key. Used for envelopes, trust bundles, server time and audit checkpoints. */
export interface Signer {
  sign(tag: string, payload: string): { keyId: string; value: string };
  envelope(payload: EnvelopePayload): Envelope;
}

/** Who a client certificate says it is, judged by the store at this moment. */
export type PeerIdentity =
  | { readonly kind: 'host'; readonly hostId: HostId; readonly serial: string; readonly notAfter: number }
  | { readonly kind: 'expired'; readonly hostId: HostId; readonly serial: string }
  | { readonly kind: 'refused'; readonly code: string };

/** Certificate authority, tokens, trust bundles. */
export interface EnrolmentService {
  readonly signer: Signer;
  /** The newest bundle, and those between a host's version and it. */
  trustBundles(afterVersion: number): readonly SignedTrustBundle[];
  /** Judges the DER of a peer's certificate, resumed sessions included. */
  identify(certificate: Uint8Array): Promise<PeerIdentity>;
  revokeHost(transaction: Transaction, hostId: HostId, reason: string): Promise<void>;
}
