import { FACT_CONTENTS_SHOWN_MAX, type FactAbsence, type FactDistribution } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import type { FactsService } from './service.ts';

/** Names with each content: enough to recognise which hosts are meant. */
const NAMES_SHOWN_MAX = 10;

/** How many of these hosts have the same content of a fact: "9,991 the same, 9 differ". Hosts come in list order. */
export function distribute(
  facts: Pick<FactsService, 'absence'>,
  fact: string,
  hosts: readonly HostEntry[],
): FactDistribution {
  const contents = new Map<string, { digest: string; hosts: number; names: string[] }>();
  const absences = new Map<FactAbsence, number>();
  let unreported = 0;
  for (const host of hosts) {
    const digest = host.facts.get(fact)?.digest;
    if (digest === undefined) {
      const reason = facts.absence(host.id, fact);
      if (reason === null) unreported += 1;
      else absences.set(reason, (absences.get(reason) ?? 0) + 1);
      continue;
    }
    const content = contents.get(digest) ?? { digest, hosts: 0, names: [] };
    contents.set(digest, content);
    content.hosts += 1;
    if (content.names.length < NAMES_SHOWN_MAX) content.names.push(host.name);
  }
  return {
    fact,
    total: hosts.length,
    contents: [...contents.values()].sort((a, b) => b.hosts - a.hosts).slice(0, FACT_CONTENTS_SHOWN_MAX),
    distinct: contents.size,
    absent: [...absences].map(([reason, count]) => ({ reason, hosts: count })),
    unreported,
  };
}
