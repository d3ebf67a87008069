import { firstOf } from '@pilothouse/base';
import { AppError, selectRoutes } from '@pilothouse/contract';
import type { HostScope } from '../access/service.ts';
import type { FactsService } from '../facts/service.ts';
import type { HostEntry, HostsService } from '../hosts/service.ts';
import { type Endpoint, endpoint } from '../http/service.ts';
import type { SelectService } from './service.ts';

const NAMES_MAX = 100;
/** web-2 before web-10, as people count. */
const byName = new Intl.Collator('en', { numeric: true }).compare;

export interface SelectEndpointDeps {
  readonly select: SelectService;
  readonly hosts: Pick<HostsService, 'index'>;
  readonly facts: Pick<FactsService, 'warm'>;
}

export const selectEndpoints = ({ select, hosts, facts }: SelectEndpointDeps): Endpoint[] => [
  endpoint(selectRoutes.check, async ({ principal, query }) => {
    const scope = principal.scope('hosts.read');
    const { matched, undetermined } = await select.run(query.selector);
    const seen = matched.filter((host) => scope.includes(host));
    const names = seen.map((host) => host.name);
    return {
      matched: seen.length,
      undetermined: undetermined.filter((host) => scope.includes(host)).length,
      total: scope.isAll ? hosts.index.size : countSeen(hosts.index.values(), scope),
      names: firstOf(names, NAMES_MAX, byName),
    };
  }),
  endpoint(selectRoutes.explain, async ({ principal, query }) => {
    const host = hosts.index.get(query.hostId);
    if (host === undefined || !principal.scope('hosts.read').includes(host)) {
      throw new AppError('NOT_FOUND', { what: 'host', id: query.hostId });
    }
    const selector = select.compile(query.selector);
    for (const fact of selector.facts) await facts.warm(fact);
    return selector.explain(host);
  }),
];

function countSeen(hosts: Iterable<HostEntry>, scope: HostScope): number {
  let count = 0;
  for (const host of hosts) if (scope.includes(host)) count += 1;
  return count;
}
