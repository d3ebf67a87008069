import type { Clock } from '@pilothouse/base';
import type { Digest, HostId } from '@pilothouse/contract';

/** An agent that was asked for a body has this long before another is asked. Uploads of 8 MiB over a thin line fit. */
export const BODY_DEADLINE_MS = 60_000;
/** Refused bodies remembered; beyond it all are forgotten and may be refused once more. */
const REFUSED_MAX = 10_000;

/**
 * reported: the host itself has just named it (a host that was asked before lost the question with its session).
 * other: any host but the one that was asked last. any: that one, too.
 */
export type ClaimBy = 'reported' | 'other' | 'any';

/**
 * Which host was asked for which body. Ten thousand hosts of one build report the same digests at once; one of them is
 * asked, and another only when the first did not deliver. Kept in memory alone: after a start, whatever is missing is
 * missing, and is asked for again.
 */
export interface WantedBodies {
  /** Somebody is sending it, or whatever came was refused: nobody else is asked now. */
  readonly isTakenCareOf: (digest: Digest, fact: string) => boolean;
  /** True when this host is to send it now. */
  readonly claim: (body: { digest: Digest; fact: string; hostId: HostId }, by: ClaimBy) => boolean;
  /** The facts for which some host was asked to send this digest. */
  readonly factsOf: (digest: Digest) => readonly string[];
  readonly settle: (digest: Digest, fact: string) => void;
  /** The host no longer reports it, so it will not send it either. */
  readonly release: (body: { digest: Digest; fact: string; hostId: HostId }) => void;
  /** The same for every body that such a host was asked for. */
  readonly releaseAll: (isGone: (hostId: HostId) => boolean) => void;
  /** What came under this digest does not fit the fact: nobody is asked again until the server starts anew. */
  readonly refuse: (digest: Digest, fact: string) => void;
}

export function createWantedBodies(clock: Clock): WantedBodies {
  const asked = new Map<Digest, Map<string, { hostId: HostId; until: number }>>();
  const refused = new Set<string>();
  const settle = (digest: Digest, fact: string) => {
    const facts = asked.get(digest);
    facts?.delete(fact);
    if (facts?.size === 0) asked.delete(digest);
  };
  const isRefused = (digest: Digest, fact: string) => refused.has(`${fact} ${digest}`);
  const isAwaited = (digest: Digest, fact: string) =>
    (asked.get(digest)?.get(fact)?.until ?? 0) > clock.now();
  return {
    isTakenCareOf: (digest, fact) => isRefused(digest, fact) || isAwaited(digest, fact),
    claim({ digest, fact, hostId }, by) {
      if (isRefused(digest, fact)) return false;
      const facts = asked.get(digest) ?? new Map<string, { hostId: HostId; until: number }>();
      const isSame = facts.get(fact)?.hostId === hostId;
      if (isAwaited(digest, fact) && !(isSame && by === 'reported')) return false;
      if (isSame && by === 'other') return false;
      facts.set(fact, { hostId, until: clock.now() + BODY_DEADLINE_MS });
      asked.set(digest, facts);
      return true;
    },
    factsOf: (digest) => [...(asked.get(digest)?.keys() ?? [])],
    settle,
    release({ digest, fact, hostId }) {
      if (asked.get(digest)?.get(fact)?.hostId === hostId) settle(digest, fact);
    },
    releaseAll(isGone) {
      for (const [digest, facts] of asked)
        for (const [fact, { hostId }] of facts) if (isGone(hostId)) settle(digest, fact);
    },
    refuse(digest, fact) {
      settle(digest, fact);
      if (refused.size >= REFUSED_MAX) refused.clear();
      refused.add(`${fact} ${digest}`);
    },
  };
}
