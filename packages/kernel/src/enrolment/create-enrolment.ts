import type { HostId } from '@pilothouse/contract';
import { certify, enrolHost } from './enrol-host.ts';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { identifyPeer } from './identify-peer.ts';
import { checkCsr } from './issue-certificate.ts';
import { settleRotations } from './rotations.ts';
import { SERVER_CERTIFICATE_CHECK_MS, serverCertificate } from './server-certificate.ts';
import type { EnrolmentService, ServerCertificate } from './service.ts';
import { type EnrolmentTables, hostRow, raiseTrustVersion, revokeCertificates } from './store.ts';

/** The service, and what the routes of this room need beside it. */
export interface Enrolment {
  readonly service: EnrolmentService;
  readonly deps: EnrolmentDeps;
  /** Tells the gateway that a host's certificate is not good for a session any more. */
  readonly revoked: (hostId: HostId, code: string) => void;
  /** Ends rotations that every host has followed; idempotent. */
  readonly settle: () => Promise<void>;
}

export async function createEnrolment(deps: EnrolmentDeps): Promise<Enrolment> {
  const { context, trust } = deps;
  const db = context.store.as<EnrolmentTables>();
  const onRevoked = new Set<(hostId: HostId, code: string) => void>();
  const onCertificate = new Set<(certificate: ServerCertificate) => void>();
  let certificate = await serverCertificate(deps);

  const revoked = (hostId: HostId, code: string): void => {
    for (const listener of onRevoked) listener(hostId, code);
  };
  const refreshCertificate = async (): Promise<void> => {
    const fresh = await serverCertificate(deps);
    if (fresh.chainPem === certificate.chainPem) return;
    certificate = fresh;
    for (const listener of onCertificate) listener(fresh);
  };
  const settle = async (): Promise<void> => {
    await settleRotations(deps);
    await refreshCertificate();
  };
  let background = Promise.resolve();
  /**
   * Work that a timer or a listener begins, one after the other, since two of them must not write one key pair at once. A
   * failure is logged, and the next round tries again.
   */
  const inBackground = (text: string, work: () => Promise<void>): void => {
    background = background.then(work).catch((cause: unknown) => context.log.error(text, { cause }));
  };

  const stopTimer = context.clock.every(SERVER_CERTIFICATE_CHECK_MS, () =>
    inBackground('check the server certificate and open rotations', settle),
  );
  const stopTrust = trust.onChange(() => inBackground('renew the server certificate', refreshCertificate));

  const service: EnrolmentService = {
    signer: trust.signer,
    get serverCertificate() {
      return certificate;
    },
    trustBundles: (afterVersion) => trust.bundles(afterVersion),
    identify: (der) => identifyPeer(deps, der),
    enrol: (request, from) => enrolHost(deps, request, from),
    async renew(hostId, csrPem) {
      const csr = await checkCsr(csrPem);
      const trusted = (await hostRow(db, hostId))?.trust_version ?? 0;
      const issued = await context.store.transaction((transaction) =>
        certify(deps, transaction.as<EnrolmentTables>(), {
          hostId,
          csr,
          authority: trust.authorityFor(trusted),
        }),
      );
      if (trust.next('ca') !== null) inBackground('settle open rotations', settle);
      return { chain: issued.pems, notAfter: issued.notAfter, hostId };
    },
    async noteTrust(hostId, version) {
      const adopted = Math.min(version, trust.version);
      await context.store.transaction((transaction) =>
        raiseTrustVersion(transaction.as<EnrolmentTables>(), hostId, adopted),
      );
      if (trust.next('ca') !== null || trust.next('envelope') !== null) {
        inBackground('settle open rotations', settle);
      }
    },
    async revokeHost(transaction, hostId, reason) {
      const at = context.clock.now();
      await revokeCertificates(transaction.as<EnrolmentTables>(), hostId, { at, reason });
      transaction.afterCommit(() => revoked(hostId, 'ENROL_CERTIFICATE_REVOKED'));
    },
    onRevoked: (listener) => subscribe(onRevoked, listener),
    onTrust: (listener) => trust.onChange(listener),
    onServerCertificate: (listener) => subscribe(onCertificate, listener),
    async close() {
      stopTimer();
      stopTrust();
      await background;
    },
  };
  return { service, deps, revoked, settle };
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
