import type { FactsService } from './service.ts';

/**
 * Fetches bodies that have merely left the memory for those who cannot wait, and ask again anyhow. Ten thousand hosts that ask
 * for one fact are one fetch; a store that is away is none, and ends nothing.
 */
export function createWarmer(facts: Pick<FactsService, 'warm'>): (fact: string) => void {
  const underWay = new Set<string>();
  return (fact) => {
    if (underWay.has(fact)) return;
    underWay.add(fact);
    facts
      .warm(fact)
      // Who asked is undecided until it works, which is on the safe side; the next question tries again.
      .catch(() => undefined)
      .finally(() => underWay.delete(fact));
  };
}
