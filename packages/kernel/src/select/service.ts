import type { HostEntry } from '../hosts/service.ts';

/** Three-valued: `unknown` when a fact that decides it is not there. Only `true` matches. */
export type Verdict = 'true' | 'false' | 'unknown';

/** A compiled selector. Evaluation never throws and never waits. */
export interface Selector {
  readonly text: string;
  /** Facts that decide it, by way of groups too; to be warmed before evaluation. */
  readonly facts: readonly string[];
  /** The same without those that groups read. */
  readonly ownFacts: readonly string[];
  /** Groups it asks for by name; null when it may ask for any. */
  readonly groupRefs: readonly string[] | null;
  evaluate(host: HostEntry): Verdict;
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
  /** Compiles, warms its facts and runs over the index. */
  run(text: string): Promise<{ matched: HostEntry[]; undetermined: HostEntry[] }>;
}
