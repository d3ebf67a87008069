import type { HostEntry } from '../hosts/service.ts';

/** Three-valued: `unknown` when a fact that decides it is not there. Only `true` matches. */
export type Verdict = 'true' | 'false' | 'unknown';

export interface Weighed {
  readonly verdict: Verdict;
  /** See meter.ts. */
  readonly units: number;
  /** The host was given up at its limit, and the verdict is unknown for this reason. */
  readonly isTooCostly: boolean;
}

/**
 * A compiled selector. Evaluation never throws and never waits, and what it may cost is bounded: a host that costs too much,
 * and every host of a selector that does so again and again, is unknown.
 */
export interface Selector {
  readonly text: string;
  /** Facts that decide it, by way of groups too; to be warmed before evaluation. */
  readonly facts: readonly string[];
  /** The same without those that groups read. */
  readonly ownFacts: readonly string[];
  /** Groups it asks for by name; null when it may ask for any. */
  readonly groupRefs: readonly string[] | null;
  evaluate(host: HostEntry): Verdict;
  /** For whoever keeps the account of a whole fleet: the same, with what it took. */
  weigh(host: HostEntry): Weighed;
  /** Each atomic condition with its verdict and the value it saw, in source order. */
  explain(host: HostEntry): {
    verdict: Verdict;
    conditions: { text: string; verdict: Verdict; saw: string }[];
  };
}

export interface SelectService {
  /** AppError SELECTOR_INVALID {problem, column, excerpt, suggestion} when it does not parse or type-check. */
  compile(text: string): Selector;
  /** The same over `label`, `groups`, `name` and `id` alone: for role scopes. AppError SELECTOR_NOT_A_SCOPE. */
  compileScope(text: string): Selector;
  /**
   * Compiles, warms its facts and runs over the index, piece by piece, so that others are served meanwhile.
   * AppError SELECTOR_TOO_COSTLY when one host or all together take more than a question may.
   */
  run(text: string): Promise<{ matched: HostEntry[]; undetermined: HostEntry[] }>;
}
