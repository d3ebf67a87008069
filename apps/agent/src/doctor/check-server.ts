import { errorCode } from '@pilothouse/base';
import type { TrustBundle } from '@pilothouse/contract';
import { GATEWAY_PATHS, TrustAnswer } from '@pilothouse/wire';
import { askGateway, type GatewayAnswer } from '../session/ask-gateway.ts';
import type { Dialler } from '../session/dial.ts';
import { CLOCK_SKEW_MS_MAX } from '../tasks/server-time.ts';
import { type DoctorCode, type DoctorFinding, ok, problem, warning } from './finding.ts';

/** Certificates and windows rest on the clock; so far off, nobody keeps it. */
const SKEW_MS_WARNING = 30_000;
/** An HTTP date has seconds: on average the server's clock was half of one further. */
const DATE_HALF_MS = 500;

/** What OpenSSL and Node say of a certificate that is not what it should be, by what to do about it. */
const CERTIFICATE_CODES: Readonly<Record<string, DoctorCode>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'serverName',
  CERT_HAS_EXPIRED: 'serverCertificateTime',
  CERT_NOT_YET_VALID: 'serverCertificateTime',
  SELF_SIGNED_CERT_IN_CHAIN: 'serverForeign',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'serverForeign',
  UNABLE_TO_GET_ISSUER_CERT: 'serverForeign',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'serverForeign',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'serverForeign',
  CERT_SIGNATURE_FAILURE: 'serverForeign',
};

export interface ServerCheck {
  readonly urls: readonly string[];
  readonly trust: TrustBundle;
  readonly dialler: Dialler;
  readonly now: () => number;
}

/** Each gateway as a session would reach it; one that answers is enough, so the others are then worth a look, no more. */
export async function checkServers({ urls, ...rest }: ServerCheck): Promise<DoctorFinding[]> {
  const answers = await Promise.all(urls.map((url) => checkServer(new URL(url), rest)));
  const isReached = answers.some(([first]) => first?.state !== 'problem');
  return answers
    .flat()
    .map((finding) => (isReached && finding.state === 'problem' ? demoted(finding) : finding));
}

/** A clock that is off stays what it is: every task is refused because of it. */
const demoted = (finding: DoctorFinding): DoctorFinding =>
  finding.code === 'clockOff' ? finding : { ...finding, state: 'warning' };

async function checkServer(
  url: URL,
  { trust, dialler, now }: Omit<ServerCheck, 'urls'>,
): Promise<DoctorFinding[]> {
  const target = { url, trust: { authorities: trust.authorities } };
  const path = `${GATEWAY_PATHS.trust}?after=${trust.version}`;
  const askedAtMs = now();
  let answer: GatewayAnswer;
  try {
    answer = await askGateway(dialler, target, { method: 'GET', path });
  } catch (cause) {
    const reason = errorCode(cause) ?? String(cause);
    return [problem(CERTIFICATE_CODES[reason] ?? 'serverUnreachable', { url: url.origin, reason })];
  }
  const tookMs = now() - askedAtMs;
  const bundles = answer.status === 200 ? bundlesIn(answer.text) : null;
  if (bundles === null) return [problem('serverStrange', { url: url.origin, status: answer.status })];
  const clock = checkClock(answer.date, askedAtMs + tookMs / 2);
  return [
    ok('server', { url: url.origin, tookMs: Math.round(tookMs) }),
    ...(clock === null ? [] : [clock]),
    ...(bundles > 0 ? [warning('trustBehind', { version: trust.version, count: bundles })] : []),
  ];
}

function bundlesIn(text: string): number | null {
  try {
    return TrustAnswer.safeParse(JSON.parse(text)).data?.bundles.length ?? null;
  } catch {
    // Not JSON, so not our gateway.
    return null;
  }
}

/** `hereMs`: this host's clock when the server wrote its date. Null when it wrote none. */
export function checkClock(date: string | null, hereMs: number): DoctorFinding | null {
  const thereMs = Date.parse(date ?? '') + DATE_HALF_MS;
  if (Number.isNaN(thereMs)) return null;
  const skewMs = hereMs - thereMs;
  const seconds = Math.abs(Math.round(skewMs / 1000));
  if (Math.abs(skewMs) < SKEW_MS_WARNING) return ok('clock', { seconds });
  const way = skewMs > 0 ? { en: 'ahead of', zh: '快' } : { en: 'behind', zh: '慢' };
  return Math.abs(skewMs) > CLOCK_SKEW_MS_MAX
    ? problem('clockOff', { seconds, way })
    : warning('clockDrifts', { seconds, way });
}
