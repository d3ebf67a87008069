import { AppError, type HostId, type SignedTrustBundle } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { EnrolRequest, EnrolResponse } from '@pilothouse/wire';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import {
  type Authority,
  type checkCsr,
  type IssuedCertificate,
  issueHostCertificate,
} from './issue-certificate.ts';
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

/** A request that was judged, and the certificate that is stored if it is granted. */
export interface Candidate {
  readonly request: EnrolRequest;
  readonly address: string;
  readonly keyHash: string;
  readonly hostId: HostId;
  readonly trustVersion: number;
  readonly authority: Authority;
  readonly issued: IssuedCertificate;
  /** Once it was carried out. */
  outcome:
    | { readonly kind: 'enrolled'; answer: EnrolResponse }
    | { readonly kind: 'failed'; cause: unknown }
    | null;
}

/** One transaction. Its requests do not wait for each other's statements, which travel to the database together. */
export async function registerTogether(deps: EnrolmentDeps, candidates: readonly Candidate[]): Promise<void> {
  const answers = await deps.context.store.transaction(async (transaction) => {
    const registered = await Promise.all(
      candidates.map((candidate) => registerOne(deps, transaction, candidate)),
    );
    await record(
      deps,
      transaction,
      registered.map(({ trace }) => trace).filter((trace) => trace !== null),
    );
    return registered.map(({ answer }) => answer);
  });
  for (const [index, candidate] of candidates.entries()) {
    const answer = answers[index];
    if (answer !== undefined) candidate.outcome = { kind: 'enrolled', answer };
  }
}

async function registerOne(
  deps: EnrolmentDeps,
  transaction: Transaction,
  candidate: Candidate,
): Promise<{ answer: EnrolResponse; trace: Trace | null }> {
  const { request, keyHash, hostId, authority, issued } = candidate;
  const db = transaction.as<EnrolmentTables>();
  const again = await repeatedAnswer(deps, db, { secret: request.secret, keyHash });
  if (again !== null) return { answer: again, trace: null };

  const now = deps.context.clock.now();
  const token = await spendToken(db, request.secret, now);
  const replaces = await hostToReplace(deps, db, request.machineId);
  const state = token.needs_approval === 1 || replaces !== null ? 'pending' : 'active';
  const { machineId, arch, agentVersion } = request;
  await Promise.all([
    deps.hosts.add(transaction, {
      id: hostId,
      name: hostNameOf(request.hostName),
      labels: labelsOf(token),
      groups: groupsOf(token),
      state,
      machineId,
      arch,
      agentVersion,
    }),
    insertHost(db, {
      host_id: hostId,
      machine_id: machineId,
      token_id: token.id,
      replaces,
      replaced_by: null,
      trust_version: candidate.trustVersion,
      enrolled_at: now,
      decided_at: state === 'active' ? now : null,
    }),
    storeCertificate(deps, db, candidate),
  ]);
  const chain = [issued.pem, authority.pem];
  const answer: EnrolResponse = { hostId, state, chain, trust: newestBundle(deps) };
  return { answer, trace: { hostId, state, replaces, token, candidate } };
}

/** Issues and stores a certificate. The chain is leaf first. */
export async function certify(
  deps: EnrolmentDeps,
  db: EnrolmentDb,
  subject: { readonly hostId: HostId; readonly csr: CheckedCsr; readonly authority: Authority },
): Promise<{ pems: string[]; notAfter: number }> {
  const { authority, hostId, csr } = subject;
  const { publicKey } = csr.request;
  const issued = await issueHostCertificate(authority, { hostId, publicKey }, deps.context.clock.now());
  await storeCertificate(deps, db, { hostId, authority, issued, keyHash: csr.keyHash });
  return { pems: [issued.pem, authority.pem], notAfter: issued.notAfter };
}

function storeCertificate(
  deps: EnrolmentDeps,
  db: EnrolmentDb,
  { hostId, authority, issued, keyHash }: Pick<Candidate, 'hostId' | 'authority' | 'issued' | 'keyHash'>,
): Promise<void> {
  return insertCertificate(db, {
    fingerprint: issued.fingerprint,
    serial: issued.serial,
    host_id: hostId,
    ca_kid: authority.kid,
    key_hash: keyHash,
    pem: issued.pem,
    issued_at: deps.context.clock.now(),
    not_after: issued.notAfter,
    revoked_at: null,
    revoked_reason: null,
  });
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

interface Trace {
  readonly hostId: HostId;
  readonly state: 'active' | 'pending';
  readonly replaces: HostId | null;
  readonly token: TokenRow;
  readonly candidate: Candidate;
}

async function record(
  deps: EnrolmentDeps,
  transaction: Transaction,
  traces: readonly Trace[],
): Promise<void> {
  const told = traces.map(({ hostId, state, replaces, token, candidate }) => {
    const { request, address } = candidate;
    const details = { name: request.hostName, state, replaces, token: token.id, address };
    return { hostId, name: request.hostName, details };
  });
  await deps.audit.append(
    transaction,
    told.map(({ hostId, name, details }) => ({
      actor: { kind: 'host', id: hostId, name },
      action: 'host.enrolled',
      subject: hostId,
      details,
      requestId: null,
    })),
  );
  await deps.events.publish(
    transaction,
    told.map(({ hostId, details }) => ({ type: 'enrolment.enrolled', hostId, data: details })),
  );
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
