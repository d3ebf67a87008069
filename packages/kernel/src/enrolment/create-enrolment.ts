import type { HostId } from '@pilothouse/contract';
import { createEnroller } from './enrol-host.ts';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { createIdentifier } from './identify-peer.ts';
import { renewCertificate } from './renew-certificate.ts';
import type { EnrolmentService } from './service.ts';
import { type EnrolmentTables, raiseTrustVersion, revokeCertificates } from './store.ts';
import { startUpkeep } from './upkeep.ts';

/** The service, and what the routes of this room need beside it. */
export interface Enrolment {
  readonly service: EnrolmentService;
  readonly deps: EnrolmentDeps;
  /** Tells the gateway that a host's certificate is not good for a session any more. */
  readonly revoked: (hostId: HostId, code: string) => void;
}

export async function createEnrolment(deps: EnrolmentDeps): Promise<Enrolment> {
  const { context, trust } = deps;
  const onRevoked = new Set<(hostId: HostId, code: string) => void>();
  const revoked = (hostId: HostId, code: string): void => {
    for (const listener of onRevoked) listener(hostId, code);
  };
  const upkeep = await startUpkeep(deps);

  const service: EnrolmentService = {
    signer: trust.signer,
    get serverCertificate() {
      return upkeep.certificate();
    },
    trustBundles: (afterVersion) => trust.bundles(afterVersion),
    identify: createIdentifier(deps),
    enrol: createEnroller(deps),
    async renew(hostId, csrPem) {
      const renewed = await renewCertificate(deps, hostId, csrPem);
      upkeep.hostMoved();
      return renewed;
    },
    async noteTrust(hostId, version) {
      const adopted = Math.min(version, trust.version);
      await context.store.transaction((transaction) =>
        raiseTrustVersion(transaction.as<EnrolmentTables>(), hostId, adopted),
      );
      upkeep.hostMoved();
    },
    async revokeHost(transaction, hostId, reason) {
      const at = context.clock.now();
      await revokeCertificates(transaction.as<EnrolmentTables>(), hostId, { at, reason });
      transaction.afterCommit(() => revoked(hostId, 'ENROL_CERTIFICATE_REVOKED'));
    },
    onRevoked: (listener) => {
      onRevoked.add(listener);
      return () => onRevoked.delete(listener);
    },
    onTrust: (listener) => trust.onChange(listener),
    onServerCertificate: (listener) => upkeep.onCertificate(listener),
    close: () => upkeep.close(),
  };
  return { service, deps, revoked };
}
