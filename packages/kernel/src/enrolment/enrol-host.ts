/**
 * How a host enrols.
 *
 * Problem: each enrolment counts a use, registers a host, stores a certificate and leaves its traces, all of it or nothing;
 * a fleet that is being rolled out asks a hundred times a second, and a transaction each would wait for a disk flush each.
 *
 * Rule: the costly part (judging the request, signing) is done before the transaction; what arrives while one transaction is
 * under way shares the next. When anything in a shared transaction is refused it is rolled back as a whole and each of its
 * requests is carried out alone, so nobody is refused for what another asked.
 *
 * Limits: requests that could decide about each other (one machine, one key) never share a transaction.
 */
import { batchWhileBusy, newId } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { EnrolRequest, EnrolResponse } from '@pilothouse/wire';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { checkCsr, issueHostCertificate } from './issue-certificate.ts';
import { type Candidate, registerTogether } from './register-hosts.ts';
import type { EnrolmentTables } from './store.ts';
import { findToken } from './tokens.ts';

/** More at once would keep other transactions waiting for more than some 50 ms. */
const ENROLMENTS_PER_BATCH_MAX = 32;
/** Far above what the gateway lets in. */
const ENROLMENTS_WAITING_MAX = 1_000;

type Enrol = (request: EnrolRequest, from: { readonly address: string }) => Promise<EnrolResponse>;

/** Counts the token, registers the host and issues its certificate: all of it or nothing. */
export function createEnroller(deps: EnrolmentDeps): Enrol {
  const register = batchWhileBusy<Candidate>({
    run: (candidates) => registerAll(deps, candidates),
    itemsPerBatchMax: ENROLMENTS_PER_BATCH_MAX,
    itemsWaitingMax: ENROLMENTS_WAITING_MAX,
  });
  return async (request, { address }) => {
    const { context, trust } = deps;
    const csr = await checkCsr(request.csr);
    // A stranger's wrong guess must not cost a signature.
    const token = await findToken(context.store.as<EnrolmentTables>(), request.secret);
    if (token === null) throw new AppError('ENROL_TOKEN_UNKNOWN');
    const hostId = newId('h', context.ids);
    const trustVersion = trust.version;
    const authority = trust.authorityFor(trustVersion);
    const { publicKey } = csr.request;
    const issued = await issueHostCertificate(authority, { hostId, publicKey }, context.clock.now());
    const { keyHash } = csr;
    const candidate: Candidate = {
      request,
      address,
      keyHash,
      hostId,
      trustVersion,
      authority,
      issued,
      outcome: null,
    };
    await register(candidate);
    if (candidate.outcome?.kind === 'enrolled') return candidate.outcome.answer;
    throw candidate.outcome?.cause ?? new Error('an enrolment was forgotten');
  };
}

/** Never fails: what becomes of each candidate stands in its outcome. */
async function registerAll(deps: EnrolmentDeps, candidates: readonly Candidate[]): Promise<void> {
  const { together, alone } = apart(candidates);
  if (together.length > 1) {
    const isDone = await registerTogether(deps, together).then(
      () => true,
      () => false,
    );
    if (!isDone) alone.unshift(...together);
  } else alone.unshift(...together);
  for (const candidate of alone) {
    try {
      await registerTogether(deps, [candidate]);
    } catch (cause) {
      candidate.outcome = { kind: 'failed', cause };
    }
  }
}

/** Who may share a transaction: the first of each machine and of each key. */
function apart(candidates: readonly Candidate[]): { together: Candidate[]; alone: Candidate[] } {
  const machines = new Set<string>();
  const keys = new Set<string>();
  const together: Candidate[] = [];
  const alone: Candidate[] = [];
  for (const candidate of candidates) {
    const { machineId } = candidate.request;
    const isFirst = (machineId === '' || !machines.has(machineId)) && !keys.has(candidate.keyHash);
    machines.add(machineId);
    keys.add(candidate.keyHash);
    (isFirst ? together : alone).push(candidate);
  }
  return { together, alone };
}
