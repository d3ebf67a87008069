import { createPrivateKey, X509Certificate } from 'node:crypto';
import { HostId } from '@pilothouse/contract';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../data-directory.ts';
import { parseState } from './parse-state.ts';

/** Who this host is: what enrolment and renewal gave it. One file, so that key and certificate always fit. */
export const HostIdentity = z.object({
  hostId: HostId,
  /** https addresses of gateways, tried in turn. */
  urls: z.array(z.string()).min(1).max(8),
  keyPem: z.string(),
  /** PEM, leaf first. */
  chain: z.array(z.string()).min(1).max(4),
});
export type HostIdentity = z.infer<typeof HostIdentity>;

/** A certificate is renewed when this share of its life has passed. */
const RENEW_AT_SHARE = 2 / 3;

export function readIdentity(path: string): HostIdentity | null {
  const text = readIfThere(path);
  return text === null ? null : parseState(path, () => HostIdentity.parse(JSON.parse(text)));
}

export const writeIdentity = (path: string, identity: HostIdentity): void =>
  writeDurably(path, `${JSON.stringify(identity)}\n`);

export interface CertificateLife {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export function lifeOf(identity: HostIdentity): CertificateLife {
  const leaf = new X509Certificate(identity.chain[0] ?? '');
  return { notBeforeMs: Date.parse(leaf.validFrom), notAfterMs: Date.parse(leaf.validTo) };
}

export function isRenewalDue(life: CertificateLife, nowMs: number): boolean {
  return nowMs >= life.notBeforeMs + (life.notAfterMs - life.notBeforeMs) * RENEW_AT_SHARE;
}

/** Whether this authority signed the certificate. */
export function isIssuedBy(identity: HostIdentity, authorityPem: string): boolean {
  try {
    const leaf = new X509Certificate(identity.chain[0] ?? '');
    return leaf.verify(new X509Certificate(authorityPem).publicKey);
  } catch {
    // An authority that cannot be read has signed nothing.
    return false;
  }
}

/**
 * The identity that a new chain makes of a key: null unless the leaf is for that key, signed by a trusted authority, and
 * names a host. The id may differ from the one before: a host that replaced another takes over its id.
 */
export function identityOf(
  parts: { readonly keyPem: string; readonly chain: readonly string[]; readonly urls: readonly string[] },
  authorities: readonly string[],
): HostIdentity | null {
  const { keyPem, chain, urls } = parts;
  try {
    const leaf = new X509Certificate(chain[0] ?? '');
    const isSigned = authorities.some((pem) => leaf.verify(new X509Certificate(pem).publicKey));
    if (!isSigned || !leaf.checkPrivateKey(createPrivateKey(keyPem))) return null;
    const hostId = HostId.parse(/^CN=(.+)$/m.exec(leaf.subject)?.[1]);
    return { hostId, urls: [...urls], keyPem, chain: [...chain] };
  } catch {
    // Not a certificate, or one for nobody: the identity at hand stays.
    return null;
  }
}
