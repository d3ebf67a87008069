import { createHash } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/** A TLS peer sends a handful of certificates; a longer chain is somebody's joke. */
const CHAIN_MAX = 8;

/**
 * The authority that a token pins, as the server presents it, in PEM; null when the server's chain does not hold it. The
 * connection it is read from proves nothing: the caller connects again and lets TLS judge by this authority alone.
 */
export function pinnedAuthority(socket: TLSSocket, pin: string): string | null {
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  for (let depth = 0; certificate?.raw !== undefined && depth < CHAIN_MAX; depth++) {
    if (createHash('sha256').update(certificate.raw).digest('hex') === pin) return pemOf(certificate.raw);
    // A self-signed certificate is its own issuer.
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return null;
}

const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;
