/**
 * A new certificate for a host that has one.
 *
 * Problem: a host renews two or three times in a season, each time leaves a row, and one that is hostile, or cannot keep what
 * it gets, asks again and again.
 *
 * Rule: CERTIFICATES_PER_HOUR_MAX, counted in the store and so over all sessions and processes. With each renewal those of its
 * host are forgotten that ran out FORGOTTEN_AFTER_MS ago, but for the newest KEPT_MIN: a host that slept comes back by
 * whatever it holds, and one that is set back to an old image does so for months. What was revoked stays.
 */
import { HOUR_MS } from '@pilothouse/base';
import { AppError, type HostId } from '@pilothouse/contract';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { checkCsr, FORGOTTEN_AFTER_MS } from './issue-certificate.ts';
import { certify } from './register-hosts.ts';
import {
  certificatesSince,
  type EnrolmentTables,
  forgetCertificates,
  holdsCertificate,
  hostRow,
} from './store.ts';

const CERTIFICATES_PER_HOUR_MAX = 8;
/** An answer that is lost leaves a certificate that nobody has. */
const KEPT_MIN = 16;

/** The chain is leaf first. Throws ENROL_CERTIFICATE_REVOKED, ENROL_RENEWED_TOO_OFTEN, ENROL_CSR_INVALID. */
export async function renewCertificate(
  deps: EnrolmentDeps,
  hostId: HostId,
  csrPem: string,
): Promise<{ readonly chain: string[]; readonly notAfter: number }> {
  const { context, trust } = deps;
  const csr = await checkCsr(csrPem);
  return context.store.transaction(async (transaction) => {
    const db = transaction.as<EnrolmentTables>();
    const now = context.clock.now();
    // Its session may have begun before all of them were revoked.
    if (!(await holdsCertificate(db, hostId))) throw new AppError('ENROL_CERTIFICATE_REVOKED', { hostId });
    const count = await certificatesSince(db, hostId, now - HOUR_MS);
    if (count >= CERTIFICATES_PER_HOUR_MAX) throw new AppError('ENROL_RENEWED_TOO_OFTEN', { hostId, count });
    const trusted = (await hostRow(db, hostId))?.trust_version ?? 0;
    const { pems, notAfter } = await certify(deps, db, {
      hostId,
      csr,
      authority: trust.authorityFor(trusted),
    });
    await forgetCertificates(db, hostId, { endedBefore: now - FORGOTTEN_AFTER_MS, keptMin: KEPT_MIN });
    return { chain: pems, notAfter };
  });
}
