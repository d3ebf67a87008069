import type { HostId } from '@pilothouse/contract';
import { kernelActions } from '@pilothouse/contract';
import { createAudit } from '../../audit/index.ts';
import { type AuditTrail } from '../../audit/service.ts';
import { nothingMissing } from '../../authority/index.ts';
import type { EnrolmentService, Signer } from '../../enrolment/service.ts';
import type { RaisedFinding } from '../../findings/service.ts';
import { createGateway, type Gateway, type GatewayDeps } from '../../gateway/index.ts';
import { createHosts, type HostsService } from '../../hosts/index.ts';
import type { KernelContext } from '../../kernel-context.ts';
import { recordingEvents } from '../../open-test-context.ts';
import { createRollouts, type RolloutsRoom } from '../create-rollouts.ts';
import { nothingForbidden } from '../nothing-forbidden.ts';
import { changeAction, resolverOver, selectOver, testAction } from '../open-test-rollouts.ts';

/** A server of the wired world: the real rooms between an agent's connection and the disk. */
export interface WireServer {
  readonly room: RolloutsRoom;
  readonly gateway: Gateway;
  readonly hosts: HostsService;
  readonly audit: AuditTrail;
  /** What is done every few seconds: hosts are asked after tasks that nobody has heard of. */
  housekeep(): Promise<void>;
}

/** Comes up as the real one does: rooms read back what was going on, and agents are let in last. */
export async function startWireServer(
  context: KernelContext,
  raised: (finding: RaisedFinding) => void,
): Promise<WireServer> {
  const events = recordingEvents([]);
  const { hosts } = await createHosts(context, {
    events,
    factBody: () => null,
    resolveFindings: async () => undefined,
  });
  const { audit } = await createAudit(context, { signer });
  const gateway = await createGateway({
    context,
    enrolment: enrolmentByName,
    hosts,
    facts: nothingReported,
    findings: {
      raise: async (_transaction, finding) => raised(finding),
      reconcile: async () => undefined,
    },
    ticketKeys: { current: async () => NO_TICKETS, atStart: async () => NO_TICKETS },
    latestCheckpoint: () => audit.latestCheckpoint,
  });
  const room = await createRollouts(context, {
    ...nothingForbidden(),
    authority: nothingMissing(),
    hosts,
    resolver: resolverOver(hosts.index),
    select: selectOver(hosts.index),
    gateway: gateway.service,
    signer,
    audit,
    events,
    actions: [testAction, changeAction, ...kernelActions],
  });
  return {
    room,
    gateway,
    hosts,
    audit,
    async housekeep() {
      for (const each of room.reconcilers) if (each.name === 'rollouts.ask-returning') await each.run();
    },
  };
}

const NO_TICKETS = Buffer.alloc(48);

const signature = { keyId: 'k', value: 'v' };
const signer: Signer = {
  sign: () => signature,
  envelope: (payload) => ({ payload: JSON.stringify(payload), signatures: [signature] }),
};

const nothingReported: GatewayDeps['facts'] = {
  report: async () => [],
  putBody: async () => undefined,
  knownDigests: () => ({}),
};

const notAsked = (): never => {
  throw new Error('nobody enrols in a simulated world');
};

/** Where a certificate would be is the id of its host. */
const enrolmentByName: EnrolmentService = {
  signer,
  serverCertificate: { keyPem: '', chainPem: '', names: [], notAfter: Number.MAX_SAFE_INTEGER },
  trustBundles: () => [],
  identify: async (certificate) => ({
    kind: 'host',
    hostId: new TextDecoder().decode(certificate) satisfies HostId,
    serial: '01',
    notAfter: Number.MAX_SAFE_INTEGER,
  }),
  enrol: notAsked,
  renew: notAsked,
  noteTrust: notAsked,
  revokeHost: notAsked,
  onRevoked: () => () => undefined,
  onTrust: () => () => undefined,
  onServerCertificate: () => () => undefined,
  close: async () => undefined,
};
