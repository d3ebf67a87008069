import { X509Certificate } from 'node:crypto';
import { batchWhileBusy } from '@pilothouse/base';
import { type HostId, toTimestamp } from '@pilothouse/contract';
import { adoptCertificate } from './adopt-certificate.ts';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { sha256Hex } from './issue-certificate.ts';
import type { PeerIdentity } from './service.ts';
import { type CertificateRow, type EnrolmentTables, type PeerRow, peersByFingerprint } from './store.ts';

/** Why a host's certificates were revoked, where agents are told a code of its own. */
export const REVOKED_AS_REFUSED = 'refused';

/** In one question; what each answer sets going is done in one go. */
const PEERS_AT_ONCE_MAX = 64;
/** The gateway lets fewer wait. */
const PEERS_WAITING_MAX = 100_000;

/** Those who come at once share a question: a fleet that comes back would otherwise wake the database once for each host. */
export function createIdentifier(deps: EnrolmentDeps): (der: Uint8Array) => Promise<PeerIdentity> {
  interface Question {
    readonly fingerprint: string;
    readonly answer: (row: PeerRow | null) => void;
  }
  const db = deps.context.store.as<EnrolmentTables>();
  const ask = batchWhileBusy<Question>({
    async run(questions) {
      const rows = await peersByFingerprint(
        db,
        questions.map(({ fingerprint }) => fingerprint),
      );
      const found = new Map(rows.map((row) => [row.fingerprint, row]));
      for (const { fingerprint, answer } of questions) answer(found.get(fingerprint) ?? null);
    },
    itemsPerBatchMax: PEERS_AT_ONCE_MAX,
    itemsWaitingMax: PEERS_WAITING_MAX,
  });
  const lookUp = async (fingerprint: string): Promise<PeerRow | null> => {
    const { promise, resolve } = Promise.withResolvers<PeerRow | null>();
    await ask({ fingerprint, answer: resolve });
    return promise;
  };
  return (der) => identifyPeer(deps, der, lookUp);
}

/**
 * Judges a peer by the certificate it proved to hold in the handshake. Only a certificate that this server issued and
 * stored counts: it is looked up by its fingerprint, so its content need not be believed, nor its authority's key.
 */
async function identifyPeer(
  deps: EnrolmentDeps,
  der: Uint8Array,
  lookUp: (fingerprint: string) => Promise<PeerRow | null>,
): Promise<PeerIdentity> {
  const fingerprint = sha256Hex(der);
  const row =
    (await lookUp(fingerprint)) ??
    // Issued after the backup was taken that the store was set back to.
    ((await adoptCertificate(deps, der)) ? await lookUp(fingerprint) : null);
  if (row === null) return { kind: 'refused', code: 'ENROL_CERTIFICATE_UNKNOWN', details: subjectOf(der) };
  if (row.revoked_at !== null) return revoked(row, row.revoked_at);

  const { serial } = row;
  const hostId: HostId = row.replaced_by ?? row.host_id;
  if (!deps.hosts.index.has(hostId)) {
    return { kind: 'refused', code: 'ENROL_HOST_GONE', details: { hostId } };
  }
  if (hostId !== row.host_id) return { kind: 'renew-only', hostId, serial, reason: 'replaced' };
  if (row.not_after <= deps.context.clock.now()) {
    return { kind: 'renew-only', hostId, serial, reason: 'expired' };
  }
  if (deps.trust.isRetired(row.ca_kid)) return { kind: 'renew-only', hostId, serial, reason: 'rotated' };
  return { kind: 'host', hostId, serial, notAfter: row.not_after };
}

function revoked(row: CertificateRow, revokedAt: number): PeerIdentity {
  const code = row.revoked_reason === REVOKED_AS_REFUSED ? 'ENROL_HOST_REFUSED' : 'ENROL_CERTIFICATE_REVOKED';
  return {
    kind: 'refused',
    code,
    details: { hostId: row.host_id, serial: row.serial, revokedAt: toTimestamp(revokedAt) },
  };
}

/** For the log alone: who a foreign certificate claims to be. */
function subjectOf(der: Uint8Array): Record<string, string> {
  try {
    const { subject, serialNumber } = new X509Certificate(der);
    return { subject: subject.slice(0, 200), serial: serialNumber.slice(0, 64) };
  } catch {
    return { subject: 'not a certificate' };
  }
}
