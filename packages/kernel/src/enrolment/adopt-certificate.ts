/**
 * Certificates that a restored store has forgotten.
 *
 * Problem: hosts that enrolled, and hosts that renewed, after a backup was taken hold certificates which the store that was
 * set back to it does not know. Refused, they would all have to be enrolled by hand.
 *
 * Rule: a certificate that one of our own authorities signed, in the time that the store has forgotten, is taken in. A host
 * that the store knows goes on under it; a host that it does not know becomes pending, and a person decides. Nothing of
 * what the store does remember is overruled: not a revocation, not a host that was let go.
 *
 * Limits: in a store that was never set back this does nothing. What was revoked in the forgotten time must be revoked again.
 */
import { X509Certificate } from 'node:crypto';
import { MINUTE_MS } from '@pilothouse/base';
import { HostId } from '@pilothouse/contract';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { BACKDATE_MS, FORGOTTEN_AFTER_MS, sha256Hex } from './issue-certificate.ts';
import { hostNameOf } from './register-hosts.ts';
import {
  type CertificateRow,
  type EnrolmentTables,
  hostRow,
  insertCertificate,
  insertHost,
  peersByFingerprint,
} from './store.ts';

/** The backup's moment is that of its beginning, by the clock of whoever took it. */
const SLACK_MS = 10 * MINUTE_MS;
const SYSTEM = { kind: 'system', id: 'enrolment', name: 'enrolment' } as const;

/** True when the store knows the certificate from now on. */
export async function adoptCertificate(deps: EnrolmentDeps, der: Uint8Array): Promise<boolean> {
  const { restoredFrom } = deps;
  if (restoredFrom === null) return false;
  const row = forgottenRow(deps, der, restoredFrom);
  if (row === null) return false;
  const hostId = row.host_id;
  return deps.context.store.transaction(async (transaction) => {
    const db = transaction.as<EnrolmentTables>();
    // Two connections of one host.
    if ((await peersByFingerprint(db, [row.fingerprint])).length > 0) return true;
    const isKnown = deps.hosts.index.has(hostId);
    // It was let go before the backup, and stays so.
    if (!isKnown && (await hostRow(db, hostId)) !== null) return false;
    if (!isKnown) await addPending(deps, transaction, row);
    await insertCertificate(db, row);
    const action = isKnown ? 'certificate.adopted' : 'host.adopted';
    const details = { serial: row.serial, state: isKnown ? 'known' : 'pending' };
    await deps.audit.append(transaction, [
      { actor: SYSTEM, action, subject: hostId, details, requestId: null },
    ]);
    if (!isKnown)
      await deps.events.publish(transaction, [{ type: 'enrolment.adopted', hostId, data: details }]);
    return true;
  });
}

async function addPending(
  deps: EnrolmentDeps,
  transaction: Parameters<EnrolmentDeps['hosts']['add']>[0],
  row: CertificateRow,
): Promise<void> {
  const id = row.host_id;
  await deps.hosts.add(transaction, {
    id,
    // What it calls itself is not in its certificate; a person names it when deciding.
    name: hostNameOf(id),
    labels: {},
    groups: [],
    state: 'pending',
    machineId: '',
    arch: '',
    agentVersion: '',
  });
  await insertHost(transaction.as<EnrolmentTables>(), {
    host_id: id,
    machine_id: '',
    token_id: '',
    replaces: null,
    replaced_by: null,
    trust_version: 1,
    enrolled_at: deps.context.clock.now(),
    decided_at: null,
  });
}

/** What the store would have of it, or null when it is none of ours, or of a time that the store remembers. */
function forgottenRow(deps: EnrolmentDeps, der: Uint8Array, restoredFrom: number): CertificateRow | null {
  const certificate = parsed(der);
  if (certificate === null) return null;
  const authority = deps.trust.keys.find(
    (key) => key.kind === 'ca' && key.state !== 'retired' && isIssuedBy(certificate, key.public_text),
  );
  const host = HostId.safeParse(
    /^URI:urn:pilothouse:host:(\S+)$/.exec(certificate.subjectAltName ?? '')?.[1],
  );
  const issuedAt = certificate.validFromDate.getTime() + BACKDATE_MS;
  if (authority === undefined || !host.success || issuedAt < restoredFrom - SLACK_MS) return null;
  // The store may have forgotten it in good order, and its revocation would have been of those that were left.
  if (certificate.validToDate.getTime() < deps.context.clock.now() - FORGOTTEN_AFTER_MS) return null;
  return {
    fingerprint: sha256Hex(der),
    serial: certificate.serialNumber.toLowerCase(),
    host_id: host.data,
    ca_kid: authority.kid,
    key_hash: sha256Hex(certificate.publicKey.export({ type: 'spki', format: 'der' })),
    pem: certificate.toString(),
    issued_at: issuedAt,
    not_after: certificate.validToDate.getTime(),
    revoked_at: null,
    revoked_reason: null,
  };
}

function isIssuedBy(certificate: X509Certificate, authorityPem: string): boolean {
  const authority = new X509Certificate(authorityPem);
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function parsed(der: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(der);
  } catch {
    // Strangers may show anything; what is no certificate is refused like an unknown one.
    return null;
  }
}
