import { DAY_MS } from '@pilothouse/base';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import {
  certificateOf,
  issueServerCertificate,
  newKeyPair,
  privateKeyPem,
  SERVER_CERTIFICATE_LIFE_MS,
} from './issue-certificate.ts';
import type { ServerCertificate } from './service.ts';
import { SubjectAlternativeNameExtension } from './x509.ts';

const KEY_FILE = 'server.pem';
const CERTIFICATE_FILE = 'server-certificate.pem';
/** A certificate is issued again when a third of its life is left. */
const RENEW_BEFORE_MS = SERVER_CERTIFICATE_LIFE_MS / 3;
export const SERVER_CERTIFICATE_CHECK_MS = DAY_MS / 4;

/** The stored certificate when it still serves, a new one otherwise: other names, other authority, or too old. */
export async function serverCertificate(deps: EnrolmentDeps): Promise<ServerCertificate> {
  return (await storedCertificate(deps)) ?? (await issueCertificate(deps));
}

async function storedCertificate(deps: EnrolmentDeps): Promise<ServerCertificate | null> {
  const { keyFiles, trust, serverNames, context } = deps;
  const [keyPem, pem] = [await keyFiles.find(KEY_FILE), await keyFiles.find(CERTIFICATE_FILE)];
  if (keyPem === null || pem === null) return null;
  const certificate = certificateOf(pem);
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  const held = new Set(names.map((name) => name.value));
  const serves =
    certificate.issuer === trust.authority.certificate.subject &&
    serverNames.every((name) => held.has(name)) &&
    held.size === new Set(serverNames).size &&
    certificate.notAfter.getTime() - context.clock.now() > RENEW_BEFORE_MS;
  return serves ? assemble(deps, { keyPem, pem, notAfter: certificate.notAfter.getTime() }) : null;
}

async function issueCertificate(deps: EnrolmentDeps): Promise<ServerCertificate> {
  const { keyFiles, trust, serverNames, context } = deps;
  const keys = await newKeyPair();
  const keyPem = await privateKeyPem(keys.privateKey);
  const issued = await issueServerCertificate(
    trust.authority,
    { names: [...new Set(serverNames)], publicKey: keys.publicKey },
    context.clock.now(),
  );
  // Between the two writes the pair does not fit; the old certificate is removed first, so a crash there means a new pair.
  await keyFiles.remove(CERTIFICATE_FILE);
  await keyFiles.write(KEY_FILE, keyPem);
  await keyFiles.write(CERTIFICATE_FILE, issued.pem);
  context.log.info('issued the server certificate', { names: serverNames });
  return assemble(deps, { keyPem, pem: issued.pem, notAfter: issued.notAfter });
}

function assemble(
  deps: EnrolmentDeps,
  parts: { readonly keyPem: string; readonly pem: string; readonly notAfter: number },
): ServerCertificate {
  return {
    keyPem: parts.keyPem,
    chainPem: parts.pem + deps.trust.authority.pem,
    names: deps.serverNames,
    notAfter: parts.notAfter,
  };
}
