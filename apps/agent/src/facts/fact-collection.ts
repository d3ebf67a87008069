import type { FactReport } from '@pilothouse/contract';

/** What the scheduler knows of a fact beside its name. */
export interface FactOffer {
  readonly name: string;
  /** Hosts of one build have the same body, so the server may have it from another one. */
  readonly isShared: boolean;
  readonly intervalMs: number;
  /** Of one collection. */
  readonly timeoutMs: number;
  /** Files and directories whose change means that the fact may have changed. */
  readonly sources: readonly string[];
}

export interface FoundFact {
  readonly report: FactReport;
  /** The body's canonical JSON where it could not be kept on disk; null where it was, or where there is none. */
  readonly text: string | null;
}

export interface CollectionListener {
  /** Called once, before anything is collected: every fact that there is. */
  readonly offered: (facts: readonly FactOffer[]) => void;
  readonly found: (fact: FoundFact) => void;
}

/** Where facts come from: from this process, or from one that ends when it has collected. */
export interface FactCollection {
  /**
   * Collects these facts one after another, all when null. Whatever goes wrong becomes an absence of the fact, and every
   * fact that was asked for and exists is found once.
   */
  collect(names: readonly string[] | null, listener: CollectionListener): Promise<void>;
  /** Ends a collection that is under way. */
  readonly stop: () => void;
}
