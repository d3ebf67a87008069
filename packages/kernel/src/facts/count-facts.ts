import type { HostEntry } from '../hosts/service.ts';
import type { FactsService } from './service.ts';

/** Hosts between two looks at the sockets: some five milliseconds. */
const HOSTS_PER_TURN = 1000;

export interface FactCount {
  readonly hosts: number;
  readonly distinct: number;
}

export type FactCounts = ReadonlyMap<string, FactCount>;

/** How many hosts have each fact, and how many contents of it there are. In one walk: a walk for each fact takes as long as all. */
export async function countFacts(hosts: readonly HostEntry[]): Promise<FactCounts> {
  const seen = new Map<string, { hosts: number; digests: Set<string> }>();
  for (const [at, { facts }] of hosts.entries()) {
    if (at % HOSTS_PER_TURN === HOSTS_PER_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
    for (const [fact, { digest }] of facts) {
      const count = seen.get(fact) ?? { hosts: 0, digests: new Set() };
      count.hosts += 1;
      count.digests.add(digest);
      seen.set(fact, count);
    }
  }
  return new Map(
    [...seen].map(([fact, { hosts: count, digests }]) => [fact, { hosts: count, distinct: digests.size }]),
  );
}

/** Those of the whole fleet, which most people see: counted again once a host has said something else. */
export function createFleetCounts(
  facts: Pick<FactsService, 'revision'>,
  fleet: () => readonly HostEntry[],
): () => Promise<FactCounts> {
  let known: { readonly revision: number; readonly counts: FactCounts } | null = null;
  return async () => {
    const revision = facts.revision();
    if (known?.revision === revision) return known.counts;
    const counts = await countFacts(fleet());
    known = { revision, counts };
    return counts;
  };
}
