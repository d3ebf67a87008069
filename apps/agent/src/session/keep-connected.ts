/**
 * Keeps one session open for as long as the agent runs.
 *
 * Problem: a fleet that lost its server must not come back in one instant, must find another address when one is dead, and
 * must find its way after a rotation it slept through.
 *
 * Rule: addresses are tried in turn; between attempts lies an exponential back-off with full jitter, which a welcome sets
 * back to its start; a server's "come back in n" is obeyed, plus chance. When a certificate cannot be judged, the signed
 * trust bundles are fetched from the same address, which needs no trust, and the next attempt uses them.
 */
import type { Result } from '@pilothouse/base';
import { backoffMs, type Clock, errorCode, MINUTE_MS } from '@pilothouse/base';
import { GATEWAY_PATHS, TrustAnswer } from '@pilothouse/wire';
import type { TrustStore } from '../identity/trust-store.ts';
import type { AgentLog } from '../log.ts';
import { askGateway } from './ask-gateway.ts';
import type { Dialler } from './dial.ts';
import type { SessionEnd } from './open-session.ts';

const BACKOFF = { firstMs: 1_000, maxMs: 20_000 } as const;
/** What a person has to put right is not put right within seconds. */
const REFUSED_WAIT_MS = 5 * MINUTE_MS;
/** Chance on top of a server's "come back", as a share of it. */
const COME_BACK_SPREAD = 0.25;

export interface KeepConnectedOptions {
  readonly urls: () => readonly string[];
  readonly trust: TrustStore;
  readonly dialler: Dialler;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  readonly signal: AbortSignal;
  readonly session: (url: URL) => Promise<Result<SessionEnd, unknown>>;
}

export async function keepConnected(options: KeepConnectedOptions): Promise<void> {
  const { clock, log, signal } = options;
  let failures = 0;
  let turn = 0;
  while (!signal.aborted) {
    const urls = options.urls();
    const url = new URL(urls[turn % urls.length] ?? '');
    const ended = await options.session(url);
    if (signal.aborted) return;
    if (!ended.ok) {
      log.warn('no session', { url: url.origin, cause: describe(ended.error) });
      if (isTrustProblem(ended.error)) await refreshTrust(url, options);
    }
    if (!ended.ok || isUnwelcome(ended.value)) turn += 1;
    const wait = waitAfter(ended, failures, options.random);
    failures = wait.failures;
    if (wait.delayMs > 0) await pause(clock, wait.delayMs, signal);
  }
}

/** There was a gateway, and no word of it: another address may lead to one that is well. */
const isUnwelcome = (end: SessionEnd): boolean => end.kind === 'closed' && !end.wasWelcomed;

/** How long to wait, and how many failures in a row that makes. */
export function waitAfter(
  ended: Result<SessionEnd, unknown>,
  failures: number,
  random: () => number,
): { readonly delayMs: number; readonly failures: number } {
  const backOff = (count: number) => ({ delayMs: backoffMs(count, BACKOFF, random()), failures: count + 1 });
  if (!ended.ok) return backOff(failures);
  switch (ended.value.kind) {
    case 'renewed':
      return { delayMs: 0, failures: 0 };
    case 'come-back':
      return { delayMs: ended.value.afterMs * (1 + COME_BACK_SPREAD * random()), failures };
    case 'refused':
      return { delayMs: REFUSED_WAIT_MS * (0.5 + random()), failures: failures + 1 };
    case 'closed':
      return backOff(ended.value.wasWelcomed ? 0 : failures);
  }
}

const pause = (clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const cancel = clock.after(delayMs, done);
    function done(): void {
      signal.removeEventListener('abort', done);
      cancel();
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });

/** OpenSSL's words for a chain it cannot judge; after a rotation that was slept through they mean "fetch the bundles". */
const TRUST_CODES = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
]);

const isTrustProblem = (cause: unknown): boolean => TRUST_CODES.has(errorCode(cause) ?? '');

const describe = (cause: unknown): string => errorCode(cause) ?? String(cause);

async function refreshTrust(url: URL, options: KeepConnectedOptions): Promise<void> {
  const { trust, dialler, log } = options;
  try {
    const answer = await askGateway(
      dialler,
      { url, trust: { authorities: null } },
      { method: 'GET', path: `${GATEWAY_PATHS.trust}?after=${trust.bundle.version}` },
    );
    if (answer.status !== 200) return;
    const { bundles } = TrustAnswer.parse(JSON.parse(answer.text));
    const adopted = trust.adopt(bundles);
    if (adopted.length > 0) {
      dialler.forget();
      log.info('trust moved forward', { version: trust.bundle.version });
    }
  } catch (cause) {
    log.warn('trust bundles could not be fetched', { url: url.origin, cause: describe(cause) });
  }
}
