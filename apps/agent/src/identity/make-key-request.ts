/** Makes a key and the request for its certificate. Loaded on demand: the library behind it is larger than the rest of the agent. */
import 'reflect-metadata/lite';
import { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface KeyRequest {
  readonly keyPem: string;
  readonly csr: string;
}

/** The server takes nothing but the key from the request; who the host is, the server says. */
export async function makeKeyRequest(): Promise<KeyRequest> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=pilothouse-agent',
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = der.match(/.{1,64}/g) ?? [];
  return {
    keyPem: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`,
    csr: csr.toString('pem'),
  };
}
