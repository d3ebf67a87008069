import { type Actor, AppError, type HostId } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { REVOKED_AS_REFUSED } from './identify-peer.ts';
import {
  decideHost,
  type EnrolmentTables,
  type HostRow,
  hostRow,
  raiseTrustVersion,
  revokeCertificates,
} from './store.ts';

export interface Decider {
  readonly actor: Actor;
  readonly requestId: string | null;
}
/** Who decided, and who is told after the commit that a host's certificate is good for no session any more. */
export interface Decision {
  readonly by: Decider;
  readonly revoked: (hostId: HostId, code: string) => void;
}

async function waiting(transaction: Transaction, hostId: HostId): Promise<HostRow> {
  const row = await hostRow(transaction.as<EnrolmentTables>(), hostId);
  if (row === null || row.decided_at !== null) throw new AppError('ENROL_NOT_PENDING', { id: hostId });
  return row;
}

/** Accepts a waiting host as a host of its own. */
export async function acceptAsNew(deps: EnrolmentDeps, hostId: HostId, by: Decider): Promise<void> {
  const { context, hosts } = deps;
  await context.store.transaction(async (transaction) => {
    await waiting(transaction, hostId);
    await hosts.accept(transaction, hostId);
    const decision = { at: context.clock.now(), replacedBy: null };
    await decideHost(transaction.as<EnrolmentTables>(), hostId, decision);
    await note(deps, transaction, { action: 'host.accepted', hostId, by, details: {} });
  });
}

/**
 * Lets a waiting host take the place of the one with its machine id. The old host keeps its id, labels, groups and history;
 * every certificate it has is revoked. The waiting registration ends; its certificate is good for one thing from now on:
 * to ask for a certificate of the old id (see `renew-only` in identify-peer.ts). `mayReplace` throws when the person may not
 * decide about the old host. Returns the id that lives on.
 */
export async function acceptAsReplacement(
  deps: EnrolmentDeps,
  hostId: HostId,
  { by, revoked }: Decision,
  mayReplace: (oldId: HostId) => void,
): Promise<HostId> {
  const { context, hosts } = deps;
  return context.store.transaction(async (transaction) => {
    const row = await waiting(transaction, hostId);
    const oldId = row.replaces;
    if (oldId === null || !hosts.index.has(oldId)) {
      throw new AppError('ENROL_NOTHING_TO_REPLACE', { id: hostId });
    }
    mayReplace(oldId);
    const db = transaction.as<EnrolmentTables>();
    const at = context.clock.now();
    await revokeCertificates(db, oldId, { at, reason: 'replaced' });
    await decideHost(db, hostId, { at, replacedBy: oldId });
    await raiseTrustVersion(db, oldId, row.trust_version);
    await hosts.decommission(transaction, hostId);
    if (hosts.index.get(oldId)?.state === 'quarantined') await hosts.release(transaction, oldId);
    await note(deps, transaction, { action: 'host.replaced', hostId: oldId, by, details: { from: hostId } });
    transaction.afterCommit(() => {
      revoked(oldId, 'ENROL_CERTIFICATE_REVOKED');
      revoked(hostId, 'ENROL_HOST_REPLACED');
    });
    return oldId;
  });
}

/** Refuses a waiting host: its certificate is revoked, its agent is told so and stops. */
export async function refuse(deps: EnrolmentDeps, hostId: HostId, { by, revoked }: Decision): Promise<void> {
  const { context, hosts } = deps;
  await context.store.transaction(async (transaction) => {
    await waiting(transaction, hostId);
    const db = transaction.as<EnrolmentTables>();
    const at = context.clock.now();
    await revokeCertificates(db, hostId, { at, reason: REVOKED_AS_REFUSED });
    await decideHost(db, hostId, { at, replacedBy: null });
    await hosts.decommission(transaction, hostId);
    await note(deps, transaction, { action: 'host.refused', hostId, by, details: {} });
    transaction.afterCommit(() => revoked(hostId, 'ENROL_HOST_REFUSED'));
  });
}

async function note(
  deps: EnrolmentDeps,
  transaction: Transaction,
  record: {
    readonly action: 'host.accepted' | 'host.replaced' | 'host.refused';
    readonly hostId: HostId;
    readonly by: Decider;
    readonly details: Record<string, string>;
  },
): Promise<void> {
  const { action, hostId, by, details } = record;
  await deps.audit.append(transaction, [
    { actor: by.actor, action, subject: hostId, details, requestId: by.requestId },
  ]);
  const type = action.replace('host.', 'enrolment.');
  await deps.events.publish(transaction, [{ type, hostId, data: details }]);
}
