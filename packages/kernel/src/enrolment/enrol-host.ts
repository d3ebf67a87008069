import { AppError, type HostId, type SignedTrustBundle } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { EnrolRequest, EnrolResponse } from '@pilothouse/wire';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { type Authority, checkCsr, issueHostCertificate } from './issue-certificate.ts';
import {
  certificateByKey,
  type EnrolmentDb,
  type EnrolmentTables,
  hostIdsByMachine,
  hostRow,
  insertCertificate,
  insertHost,
  type TokenRow,
} from './store.ts';
import { findToken, groupsOf, labelsOf, spendToken } from './tokens.ts';

type CheckedCsr = Awaited<ReturnType<typeof checkCsr>>;

/** Counts the token, registers the host and issues its certificate: all of it or nothing. */
export async function enrolHost(
  deps: EnrolmentDeps,
  request: EnrolRequest,
  from: { readonly address: string },
): Promise<EnrolResponse> {
  const csr = await checkCsr(request.csr);
  return deps.context.store.transaction(async (transaction) => {
    const db = transaction.as<EnrolmentTables>();
    const again = await repeatedAnswer(deps, db, { secret: request.secret, keyHash: csr.keyHash });
    if (again !== null) return again;

    const now = deps.context.clock.now();
    const token = await spendToken(db, request.secret, now);
    const replaces = await hostToReplace(deps, db, request.machineId);
    const state = token.needs_approval === 1 || replaces !== null ? 'pending' : 'active';
    const hostId = await deps.hosts.add(transaction, {
      name: hostNameOf(request.hostName),
      labels: labelsOf(token),
      groups: groupsOf(token),
      state,
      machineId: request.machineId,
      arch: request.arch,
      agentVersion: request.agentVersion,
    });
    await insertHost(db, {
      host_id: hostId,
      machine_id: request.machineId,
      token_id: token.id,
      replaces,
      replaced_by: null,
      trust_version: deps.trust.version,
      enrolled_at: now,
      decided_at: state === 'active' ? now : null,
    });
    const authority = deps.trust.authorityFor(deps.trust.version);
    const chain = await certify(deps, db, { hostId, csr, authority });
    await record(deps, transaction, { hostId, state, replaces, token, request, address: from.address });
    return { hostId, state, chain: chain.pems, trust: newestBundle(deps) };
  });
}

/** Issues and stores a certificate. The chain is leaf first. */
export async function certify(
  deps: EnrolmentDeps,
  db: EnrolmentDb,
  subject: { readonly hostId: HostId; readonly csr: CheckedCsr; readonly authority: Authority },
): Promise<{ pems: string[]; notAfter: number }> {
  const now = deps.context.clock.now();
  const { authority, hostId, csr } = subject;
  const issued = await issueHostCertificate(authority, { hostId, publicKey: csr.request.publicKey }, now);
  await insertCertificate(db, {
    fingerprint: issued.fingerprint,
    serial: issued.serial,
    host_id: hostId,
    ca_kid: authority.kid,
    key_hash: csr.keyHash,
    pem: issued.pem,
    issued_at: now,
    not_after: issued.notAfter,
    revoked_at: null,
    revoked_reason: null,
  });
  return { pems: [issued.pem, authority.pem], notAfter: issued.notAfter };
}

/**
 * An agent whose answer was lost asks again with the same token and key. It proved that it holds the key, so it gets the
 * same answer and no second use is counted; otherwise a one-time token would be lost with the answer.
 */
async function repeatedAnswer(
  deps: EnrolmentDeps,
  db: EnrolmentDb,
  known: { readonly secret: string; readonly keyHash: string },
): Promise<EnrolResponse | null> {
  const certificate = await certificateByKey(db, known.keyHash);
  if (certificate === null) return null;
  const host = await hostRow(db, certificate.host_id);
  const token = await findToken(db, known.secret);
  if (host === null || token === null || host.token_id !== token.id) return null;
  const authority = deps.trust.keys.find((key) => key.kid === certificate.ca_kid);
  if (authority === undefined) return null;
  return {
    hostId: host.host_id,
    state: host.decided_at === null ? 'pending' : 'active',
    chain: [certificate.pem, authority.public_text],
    trust: newestBundle(deps),
  };
}

/**
 * The registered host with this machine id. A machine id alone proves nothing (images are cloned with theirs), so a person
 * decides whether the new host replaces it.
 */
async function hostToReplace(
  deps: EnrolmentDeps,
  db: EnrolmentDb,
  machineId: string,
): Promise<HostId | null> {
  if (machineId === '') return null;
  const candidates = await hostIdsByMachine(db, machineId);
  return candidates.find((id) => deps.hosts.index.has(id)) ?? null;
}

async function record(
  deps: EnrolmentDeps,
  transaction: Transaction,
  enrolled: {
    readonly hostId: HostId;
    readonly state: 'active' | 'pending';
    readonly replaces: HostId | null;
    readonly token: TokenRow;
    readonly request: EnrolRequest;
    readonly address: string;
  },
): Promise<void> {
  const { hostId, state, replaces, token, request, address } = enrolled;
  const details = { name: request.hostName, state, replaces, token: token.id, address };
  await deps.audit.append(transaction, [
    {
      actor: { kind: 'host', id: hostId, name: request.hostName },
      action: 'host.enrolled',
      subject: hostId,
      details,
      requestId: null,
    },
  ]);
  await deps.events.publish(transaction, [{ type: 'enrolment.enrolled', hostId, data: details }]);
}

function newestBundle(deps: EnrolmentDeps): SignedTrustBundle {
  const bundle = deps.trust.bundles(deps.trust.version - 1)[0];
  if (bundle === undefined) throw new AppError('INTERNAL');
  return bundle;
}

/** A system's own host name may hold what DNS does not allow; a name to show is made from it rather than refuse the host. */
export function hostNameOf(reported: string): string {
  const cleaned = reported.replace(/[^a-zA-Z0-9.-]/g, '-').replace(/^[.-]+|[.-]+$/g, '');
  return cleaned === '' ? 'host' : cleaned;
}
