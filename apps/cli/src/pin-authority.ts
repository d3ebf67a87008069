/**
 * Trust from a pin.
 *
 * Problem: a fresh installation has its own certificate authority, which no computer knows yet, and asking people "do you
 * trust this?" teaches them to say yes.
 *
 * Rule: the pin is the SHA-256 of the authority's DER, printed by the server at its start and carried in the login line.
 * The first connection looks at the chain that the server presents without believing it, takes out of it the certificate
 * that has the pin's digest, and nothing is sent until a second connection has been verified against that certificate
 * alone, names and dates included. The PEM is kept, so later connections need no pin.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { AppError } from '@pilothouse/contract';
import { networkError } from './server-fetch.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;
const CHAIN_MAX = 8;

export interface PresentedAuthority {
  readonly pem: string;
  readonly pin: string;
}

/** The certificates that the server presents, its own first. Nothing about them has been verified. */
export function presentedChain(url: string): Promise<PresentedAuthority[]> {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...addressOf(target),
      // Looked at, not believed: the essay above says why this is safe here and nowhere else.
      rejectUnauthorized: false,
      timeout: HANDSHAKE_TIMEOUT_MS,
    });
    socket.on('timeout', () => socket.destroy(new Error('no answer')));
    socket.on('error', (error) => reject(networkError(target, error)));
    socket.on('secureConnect', () => {
      const chain: PresentedAuthority[] = [];
      let next = socket.getPeerX509Certificate();
      while (next !== undefined && chain.length < CHAIN_MAX) {
        const issuer = next.issuerCertificate;
        chain.push({ pem: next.toString(), pin: pinOf(next) });
        next = issuer === undefined || issuer.fingerprint256 === next.fingerprint256 ? undefined : issuer;
      }
      socket.end();
      resolve(chain);
    });
  });
}

/** Whether the system's own certificate authorities vouch for the server. */
export function isTrustedBySystem(url: string): Promise<boolean> {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ ...addressOf(target), timeout: HANDSHAKE_TIMEOUT_MS });
    socket.on('timeout', () => socket.destroy(new Error('no answer')));
    socket.on('error', (error) => {
      const failure = networkError(target, error);
      if (failure.code === 'CLIENT_UNTRUSTED') resolve(false);
      else reject(failure);
    });
    socket.on('secureConnect', () => {
      socket.end();
      resolve(true);
    });
  });
}

/** An address is no server name: TLS forbids it there. */
const addressOf = (target: URL): { host: string; port: number; servername: string } => ({
  host: target.hostname.replace(/^\[|\]$/g, ''),
  port: Number(target.port || 443),
  servername: /^[\d.]+$|:/.test(target.hostname) ? '' : target.hostname,
});

export const pinOf = (certificate: X509Certificate): string =>
  createHash('sha256').update(certificate.raw).digest('hex');

/** The PEM of the authority with this pin. AppError CLI_PIN_MISMATCH when the server does not present it. */
export async function authorityByPin(url: string, pin: string): Promise<string> {
  const wanted = pin
    .toLowerCase()
    .replace(/^sha256:/, '')
    .replaceAll(':', '');
  const found = (await presentedChain(url)).find((certificate) => certificate.pin === wanted);
  if (found === undefined) throw new AppError('CLI_PIN_MISMATCH', { url });
  return found.pem;
}
