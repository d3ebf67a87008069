import { createPrivateKey, X509Certificate } from 'node:crypto';
import { DAY_MS } from '@pilothouse/base';
import { type TrustBundle, toTimestamp } from '@pilothouse/contract';
import { type HostIdentity, isIssuedBy, lifeOf } from '../identity/host-identity.ts';
import { type DoctorFinding, ok, problem, warning } from './finding.ts';

/** A certificate is renewed at two thirds of its life; with so little left, renewing has failed for a while. */
const LEFT_SHARE_MIN = 1 / 5;

/** Whether the certificate is for this host's key, from an authority it trusts, and good at this time. */
export function checkIdentity(identity: HostIdentity, trust: TrustBundle, nowMs: number): DoctorFinding[] {
  if (!isForKey(identity)) return [problem('keyMismatch')];
  const isTrusted = trust.authorities.some((authority) => isIssuedBy(identity, authority));
  return [
    ok('identity', { hostId: identity.hostId }),
    checkLife(identity, nowMs),
    ...(isTrusted ? [] : [problem('certificateForeign', { version: trust.version })]),
  ];
}

function isForKey({ chain, keyPem }: HostIdentity): boolean {
  try {
    return new X509Certificate(chain[0] ?? '').checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    // Neither a key nor a certificate that anyone could read.
    return false;
  }
}

function checkLife(identity: HostIdentity, nowMs: number): DoctorFinding {
  const { notBeforeMs, notAfterMs } = lifeOf(identity);
  const until = toTimestamp(notAfterMs);
  const leftMs = notAfterMs - nowMs;
  if (nowMs < notBeforeMs) return problem('certificateEarly', { from: toTimestamp(notBeforeMs) });
  if (leftMs <= 0) return problem('certificateOver', { until });
  const details = { until, days: Math.floor(leftMs / DAY_MS) };
  const isLate = leftMs < (notAfterMs - notBeforeMs) * LEFT_SHARE_MIN;
  return isLate ? warning('certificateEnds', details) : ok('certificate', details);
}
