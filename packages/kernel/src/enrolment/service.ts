import type { Envelope, EnvelopePayload, HostId, SignedTrustBundle } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { EnrolRequest, EnrolResponse } from '@pilothouse/wire';

/** Signs with the current envelope key. Used for envelopes, trust bundles, server time and audit checkpoints. */
export interface Signer {
  sign(tag: string, payload: string): { keyId: string; value: string };
  envelope(payload: EnvelopePayload): Envelope;
}

/**
 * Who a client certificate says it is, judged by the store at this moment. renew-only: it may do nothing but ask for a
 * new certificate, because its own has expired, its authority was retired, or a person let it replace another host.
 */
export type PeerIdentity =
  | { readonly kind: 'host'; readonly hostId: HostId; readonly serial: string; readonly notAfter: number }
  | {
      readonly kind: 'renew-only';
      readonly hostId: HostId;
      readonly serial: string;
      readonly reason: 'expired' | 'rotated' | 'replaced';
    }
  | { readonly kind: 'refused'; readonly code: string; readonly details: Readonly<Record<string, string>> };

/** The certificate of the server's own listeners, for the names it is reached by. */
export interface ServerCertificate {
  readonly keyPem: string;
  /** Leaf, then authority. */
  readonly chainPem: string;
  readonly names: readonly string[];
  readonly notAfter: number;
}

/** Certificate authority, tokens, trust bundles. */
export interface EnrolmentService {
  readonly signer: Signer;
  readonly serverCertificate: ServerCertificate;
  /** The newest bundle, and those between a host's version and it; empty when the host is up to date. */
  trustBundles(afterVersion: number): readonly SignedTrustBundle[];
  /** Judges the DER of a peer's certificate, resumed sessions included. */
  identify(certificate: Uint8Array): Promise<PeerIdentity>;
  /** Takes one use of a token and registers the host. AppError ENROL_TOKEN_*, ENROL_CSR_INVALID. */
  enrol(request: EnrolRequest, from: { readonly address: string }): Promise<EnrolResponse>;
  /** A new certificate for a host that proved itself with its old one. Leaf first. */
  renew(hostId: HostId, csr: string): Promise<{ chain: string[]; notAfter: number }>;
  /** The host says that it trusts this bundle now. */
  noteTrust(hostId: HostId, version: number): Promise<void>;
  revokeHost(transaction: Transaction, hostId: HostId, reason: string): Promise<void>;
  /** Called after the commit that ended what a host's certificate was good for; `code` is why. */
  onRevoked(listener: (hostId: HostId, code: string) => void): () => void;
  /** Called after the commit of a new trust bundle. */
  onTrust(listener: () => void): () => void;
  /** Called when the listeners have to take the new certificate. */
  onServerCertificate(listener: (certificate: ServerCertificate) => void): () => void;
  /** Resolves when nothing of it is under way. */
  close(): Promise<void>;
}
