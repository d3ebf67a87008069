import { createHash, createPublicKey, verify, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { DAY_MS, HOUR_MS, SECOND_MS } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { certificateTemplate, type FillTemplate, type HostFields } from './certificate-template.ts';
import { derContent, derElement } from './der.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from './x509.ts';

export const HOST_CERTIFICATE_LIFE_MS = 30 * DAY_MS;
/** So long after its end a certificate may be forgotten by the store, when its host has newer ones. */
export const FORGOTTEN_AFTER_MS = 90 * DAY_MS;
export const SERVER_CERTIFICATE_LIFE_MS = 90 * DAY_MS;
export const PEER_CERTIFICATE_LIFE_MS = 90 * DAY_MS;
/** An authority is replaced by rotation, not by running out; ten years outlive the machines it vouches for. */
export const CA_LIFE_MS = 3650 * DAY_MS;
/** Certificates start an hour early, so that a host whose clock is a little slow can use its own at once. */
export const BACKDATE_MS = HOUR_MS;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** 127 bits of chance: never negative as an ASN.1 integer, never repeated. */
const SERIAL_BYTES = 16;

/** A certificate authority with its private key. */
export interface Authority {
  readonly kid: string;
  readonly pem: string;
  readonly certificate: X509Certificate;
  readonly privateKey: webcrypto.CryptoKey;
  /** Makes a host's certificate without the library; null when its form was not found. */
  readonly fillHost: FillTemplate | null;
}

/** An authority that is ready to issue. */
export async function openAuthority(parts: Omit<Authority, 'fillHost'>, now: number): Promise<Authority> {
  const authority = { ...parts, fillHost: null };
  const { publicKey } = await newKeyPair();
  const spki = new Uint8Array(await webcrypto.subtle.exportKey('spki', publicKey));
  // As long as any id that the server makes.
  const subject = { hostId: `h_${'z'.repeat(18)}`, publicKey };
  const issued = await issueByLibrary(authority, subject, now);
  const sample = { ...hostFields(subject.hostId, Buffer.from(spki), now), serial: issued.serial };
  const der = Buffer.from(certificateOf(issued.pem).rawData);
  return { ...authority, fillHost: certificateTemplate(der, sample, authority.privateKey) };
}

/** A certificate that was just issued. `fingerprint` is the SHA-256 of its DER in hex. */
export interface IssuedCertificate {
  readonly pem: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly notAfter: number;
}

export const sha256Hex = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

export const certificateOf = (pem: string): X509Certificate => new X509Certificate(pem);

export const fingerprintOf = (certificate: X509Certificate): string =>
  sha256Hex(new Uint8Array(certificate.rawData));

const kidOf = (spki: ArrayBuffer): string => sha256Hex(new Uint8Array(spki)).slice(0, 16);

function newSerial(): string {
  const serial = webcrypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  // The first byte stays within 1..127, so that the number has a fixed length and no sign.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 1;
  return Buffer.from(serial).toString('hex');
}

export const newKeyPair = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return pemOf('PRIVATE KEY', Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)));
}

const pemOf = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;

export function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
}

/** A new self-signed authority and its private key in PEM. */
export async function newAuthority(now: number): Promise<{ authority: Authority; keyPem: string }> {
  const keys = await newKeyPair();
  const kid = kidOf(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=Pilothouse CA ${kid}`,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + CA_LIFE_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pem = `${certificate.toString('pem')}\n`;
  return {
    authority: await openAuthority({ kid, pem, certificate, privateKey: keys.privateKey }, now),
    keyPem: await privateKeyPem(keys.privateKey),
  };
}

/** Parses a request and proves that its sender holds the key. Only P-256 is taken. */
export async function checkCsr(pem: string): Promise<{ request: Pkcs10CertificateRequest; keyHash: string }> {
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(pem);
  } catch (cause) {
    throw new AppError(
      'ENROL_CSR_INVALID',
      { problem: { en: 'it is not PKCS#10', zh: '不是 PKCS#10' } },
      { cause },
    );
  }
  const spki = Buffer.from(request.publicKey.rawData);
  if (!isP256(request))
    throw new AppError('ENROL_CSR_INVALID', {
      problem: { en: 'its key is not P-256', zh: '密钥不是 P-256' },
    });
  if (!isProved(request, spki)) {
    throw new AppError('ENROL_CSR_INVALID', {
      problem: { en: 'its signature does not fit its key', zh: '签名与密钥不符' },
    });
  }
  return { request, keyHash: sha256Hex(spki) };
}

function isP256(request: Pkcs10CertificateRequest): boolean {
  const algorithm = request.publicKey.algorithm as { name?: string; namedCurve?: string };
  return algorithm.name === 'ECDSA' && algorithm.namedCurve === 'P-256';
}

/** By the runtime's own verification: the library's way over WebCrypto takes ten times as long. */
function isProved(request: Pkcs10CertificateRequest, spki: Buffer): boolean {
  const hash = request.signatureAlgorithm.hash.name.replace('-', '').toLowerCase();
  const signed = derElement(derContent(derElement(Buffer.from(request.rawData))));
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    return verify(hash, signed, { key, dsaEncoding: 'der' }, Buffer.from(request.signature));
  } catch {
    // A point that is not on the curve, a hash that nobody knows: nothing that proves anything.
    return false;
  }
}

type PublicKey = Leaf['publicKey'];

/** Only the key is taken from the request; who the host is, the server says. */
export async function issueHostCertificate(
  authority: Authority,
  subject: { readonly hostId: string; readonly publicKey: Pkcs10CertificateRequest['publicKey'] },
  now: number,
): Promise<IssuedCertificate> {
  const fields = hostFields(subject.hostId, Buffer.from(subject.publicKey.rawData), now);
  const der = authority.fillHost?.(fields) ?? null;
  if (der === null) return issueByLibrary(authority, subject, now);
  const { serial } = fields;
  // X.509 has no fractions of a second.
  const notAfter = Math.floor(fields.notAfter / SECOND_MS) * SECOND_MS;
  return { pem: pemOf('CERTIFICATE', der), serial, fingerprint: sha256Hex(der), notAfter };
}

const hostFields = (hostId: string, publicKeySpki: Buffer, now: number): HostFields => ({
  hostId,
  serial: newSerial(),
  publicKeySpki,
  notBefore: now - BACKDATE_MS,
  notAfter: now + HOST_CERTIFICATE_LIFE_MS,
});

const issueByLibrary = (
  authority: Authority,
  subject: { readonly hostId: string; readonly publicKey: PublicKey },
  now: number,
): Promise<IssuedCertificate> =>
  issue(authority, {
    name: `CN=${subject.hostId}`,
    alternatives: [{ type: 'url', value: `urn:pilothouse:host:${subject.hostId}` }],
    usages: [ExtendedKeyUsage.clientAuth],
    publicKey: subject.publicKey,
    notBefore: now - BACKDATE_MS,
    notAfter: now + HOST_CERTIFICATE_LIFE_MS,
  });

export async function issueServerCertificate(
  authority: Authority,
  subject: { readonly names: readonly string[]; readonly publicKey: webcrypto.CryptoKey },
  now: number,
): Promise<IssuedCertificate> {
  return issue(authority, {
    name: 'CN=Pilothouse server',
    alternatives: subject.names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
    usages: [ExtendedKeyUsage.serverAuth],
    publicKey: subject.publicKey,
    notBefore: now - BACKDATE_MS,
    notAfter: now + SERVER_CERTIFICATE_LIFE_MS,
  });
}

/** For both ends of a connection between machines of the installation, with a key of its own. */
export async function issuePeerCertificate(
  authority: Authority,
  name: string,
  now: number,
): Promise<{ keyPem: string; certificatePem: string; notAfter: number }> {
  const { publicKey, privateKey } = await newKeyPair();
  const issued = await issue(authority, {
    name: 'CN=Pilothouse machine',
    alternatives: [{ type: 'dns', value: name }],
    usages: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
    publicKey,
    notBefore: now - BACKDATE_MS,
    notAfter: now + PEER_CERTIFICATE_LIFE_MS,
  });
  return { keyPem: await privateKeyPem(privateKey), certificatePem: issued.pem, notAfter: issued.notAfter };
}

interface Leaf {
  readonly name: string;
  readonly alternatives: { type: 'dns' | 'ip' | 'url'; value: string }[];
  readonly usages: string[];
  readonly publicKey: webcrypto.CryptoKey | Pkcs10CertificateRequest['publicKey'];
  readonly notBefore: number;
  readonly notAfter: number;
}

async function issue(authority: Authority, leaf: Leaf): Promise<IssuedCertificate> {
  const serial = newSerial();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial,
    subject: leaf.name,
    issuer: authority.certificate.subject,
    notBefore: new Date(leaf.notBefore),
    notAfter: new Date(leaf.notAfter),
    signingAlgorithm: ALGORITHM,
    publicKey: leaf.publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(leaf.usages),
      new SubjectAlternativeNameExtension(leaf.alternatives),
      await AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  return {
    pem: `${certificate.toString('pem')}\n`,
    serial,
    fingerprint: fingerprintOf(certificate),
    notAfter: certificate.notAfter.getTime(),
  };
}
