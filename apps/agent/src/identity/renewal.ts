import type { Clock } from '@pilothouse/base';
import type { TrustBundle } from '@pilothouse/contract';
import type { AgentLog } from '../log.ts';
import type { SessionPeer } from '../session/open-session.ts';
import {
  type HostIdentity,
  identityOf,
  isIssuedBy,
  isRenewalDue,
  lifeOf,
  writeIdentity,
} from './host-identity.ts';

/**
 * Keeps the certificate alive: renews at two thirds of its life, when the server says that only a renewal can follow, and
 * once after each rotation that left it under an older authority. The new key is held in memory until its certificate
 * has come and is written, which a full disk may hold up; if the agent dies in between, the old pair still stands and the
 * renewal is asked for again.
 */
export interface Renewal {
  /** Looks whether it is time; called with every heartbeat. */
  beat(peer: SessionPeer): void;
  /** The session can do nothing else. */
  required(reason: string, peer: SessionPeer): void;
  received(chain: readonly string[], peer: SessionPeer): void;
}

export interface RenewalOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: AgentLog;
  readonly identity: () => HostIdentity | null;
  readonly bundle: () => TrustBundle;
  /** Null while unknown; the host's own clock then has to do. */
  readonly serverTimeMs: () => number | null;
  readonly adopt: (identity: HostIdentity) => void;
  /**
   * True where a certificate must not make this host another one: people sign steps for a host by its id, and whoever
   * owns the server could otherwise have the steps of one host carried out by a second.
   */
  readonly mustKeepId: () => boolean;
}

/** Due renewals are spread evenly over this many heartbeats, so that a rotated fleet does not ask in one second. */
const SPREAD_BEATS = 6;
/** An answer that has not come by then is not coming. */
const ANSWER_WAIT_MS = 60_000;

export function createRenewal(options: RenewalOptions): Renewal {
  const { clock, log } = options;
  let pending: { readonly keyPem: string } | null = null;
  /** What could not be written yet: nobody asks for another meanwhile. */
  let unkept: HostIdentity | null = null;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let askedForVersion = 0;
  let isOnly = false;
  let beatsLeft: number | null = null;
  const { lifeNow, isOfAuthority } = rememberedChecks();

  async function ask(peer: SessionPeer): Promise<void> {
    askedAtMs = clock.monotonic();
    askedForVersion = options.bundle().version;
    beatsLeft = null;
    const { makeKeyRequest } = await import('./make-key-request.ts');
    const { keyPem, csr } = await makeKeyRequest();
    pending = { keyPem };
    peer.send({ kind: 'renew', csr });
  }

  const renew = (peer: SessionPeer): void => {
    if (unkept !== null && askedForVersion === options.bundle().version) {
      askedAtMs = clock.monotonic();
      if (!isRenewalDue(lifeOf(unkept), serverNowMs(options))) return keep(unkept, peer);
    }
    ask(peer).catch((cause: unknown) =>
      log.error('renewal could not be asked for', { cause: String(cause) }),
    );
  };

  function isDue(): boolean {
    const identity = options.identity();
    if (identity === null || clock.monotonic() - askedAtMs < ANSWER_WAIT_MS) return false;
    if (isRenewalDue(lifeNow(identity), serverNowMs(options))) return true;
    const { version, authorities } = options.bundle();
    return askedForVersion !== version && !isOfAuthority(identity, authorities[0] ?? '');
  }

  function keep(next: HostIdentity, peer: SessionPeer): void {
    const old = options.identity();
    unkept = isKept(next, options) ? null : next;
    if (unkept !== null) return;
    options.adopt(next);
    log.info('certificate renewed', { hostId: next.hostId });
    if (isOnly || next.hostId !== old?.hostId) peer.end({ kind: 'renewed' });
    isOnly = false;
  }

  return {
    beat(peer) {
      if (!isDue()) return;
      beatsLeft ??= Math.floor(options.random() * SPREAD_BEATS);
      if (beatsLeft === 0) renew(peer);
      else beatsLeft -= 1;
    },
    required(reason, peer) {
      log.info('the certificate has to be renewed', { reason });
      isOnly = true;
      renew(peer);
    },
    received(chain, peer) {
      const next = pending === null ? null : nextIdentity({ keyPem: pending.keyPem, chain }, options);
      pending = null;
      if (next !== null) keep(next, peer);
    },
  };
}

/** The host's own clock has to do while the server's is unknown. */
const serverNowMs = ({ serverTimeMs, clock }: RenewalOptions): number => serverTimeMs() ?? clock.now();

/** Null, and said so, where it is none that this host takes. */
function nextIdentity(
  { keyPem, chain }: { readonly keyPem: string; readonly chain: readonly string[] },
  { identity, bundle, mustKeepId, log }: RenewalOptions,
): HostIdentity | null {
  const old = identity();
  if (old === null) return null;
  const next = identityOf({ keyPem, chain, urls: old.urls }, bundle().authorities);
  if (next === null) {
    log.error('the new certificate does not fit and was not taken');
    return null;
  }
  const { hostId } = next;
  if (hostId === old.hostId || !mustKeepId()) return next;
  log.error('the trust policy keeps this host who it is; a certificate for another was not taken', {
    hostId,
  });
  return null;
}

/** A full disk must not end the agent over it: the old pair stands. */
function isKept(next: HostIdentity, { path, log }: RenewalOptions): boolean {
  try {
    writeIdentity(path, next);
    return true;
  } catch (cause) {
    log.error('the new certificate could not be kept', { cause: String(cause) });
    return false;
  }
}

/** Reading a certificate and verifying its signature costs more than all else of a heartbeat together. */
const rememberedChecks = () => ({
  lifeNow: remembered((identity: HostIdentity) => lifeOf(identity)),
  isOfAuthority: remembered((identity: HostIdentity, authorityPem: string) =>
    isIssuedBy(identity, authorityPem),
  ),
});

/** The last answer, as long as it is asked for the same. */
function remembered<Given extends readonly unknown[], Answer>(
  ask: (...given: Given) => Answer,
): (...given: Given) => Answer {
  let last: { readonly given: Given; readonly answer: Answer } | null = null;
  return (...given) => {
    if (last === null || given.some((one, index) => one !== last?.given[index]))
      last = { given, answer: ask(...given) };
    return last.answer;
  };
}
