import type { Digest, FactAbsence, FactReport, FactSpan, HostId } from '@pilothouse/contract';

export interface FactChange {
  readonly hostId: HostId;
  readonly fact: string;
  readonly before: Digest | null;
  readonly after: Digest | null;
  readonly at: number;
}

/** Content-addressed snapshots: `host × fact → digest → body`, with history. A body is stored and parsed once. */
export interface FactsService {
  /** Takes an agent's word on its facts, and texts of bodies that came along; returns the digests whose bodies it lacks. */
  report(
    hostId: HostId,
    reports: readonly FactReport[],
    collectedAt: number,
    bodies?: readonly string[],
  ): Promise<Digest[]>;
  /** Stores a body after checking digest, size and the fact's schema. AppError FACT_BODY_* when it does not fit. */
  putBody(hostId: HostId, digest: Digest, body: Uint8Array): Promise<void>;
  /** Parsed body, from a bounded cache; null when it has not arrived. */
  body(digest: Digest): Promise<unknown>;
  /** The same without waiting: null also when it is not in the cache. Selectors use it after `warm`. */
  bodyNow(digest: Digest): unknown;
  /** Loads all distinct bodies of a fact that current hosts have into the cache. */
  warm(fact: string): Promise<void>;
  /** Whether the body has arrived. */
  has(fact: string, digest: Digest): boolean;
  current(hostId: HostId): Promise<FactSpan[]>;
  asOf(hostId: HostId, at: number): Promise<FactSpan[]>;
  /** Newest first; `before` (milliseconds): only spans that began earlier. */
  history(hostId: HostId, fact: string, limit: number, before?: number): Promise<FactSpan[]>;
  /** Hosts that have or had this content, decommissioned ones included. */
  hostsThatHad(digest: Digest): Promise<HostId[]>;
  /** Why a host has no body now, of facts that it reports as absent. */
  absence(hostId: HostId, fact: string): FactAbsence | null;
  /** Digests by fact for `welcome`. */
  knownDigests(hostId: HostId): Record<string, Digest>;
  /** Another number than before once the digests of any host are others. */
  revision(): number;
  /** After commit, when a body is there and a host's digest changed. */
  onChange(listener: (changes: readonly FactChange[]) => void): () => void;
}
