import {
  type Endpoint,
  endpoint,
  type HostEntry,
  type KernelServices,
  type Principal,
} from '@pilothouse/kernel';
import { inventoryPermissions, inventoryRoutes } from '../contract.ts';
import { countHosts } from './count-hosts.ts';
import { searchPackages } from './search-packages.ts';

/** Questions over the fleet, answered for the hosts that the asking person may read. */
export function inventoryEndpoints({ hosts, facts }: Pick<KernelServices, 'hosts' | 'facts'>): Endpoint[] {
  const inScope = (principal: Principal): HostEntry[] => {
    const scope = principal.scope(inventoryPermissions.read.name);
    return [...hosts.index.values()].filter((host) => scope.includes(host));
  };
  return [
    endpoint(inventoryRoutes.summary, ({ principal }) => countHosts(inScope(principal), facts)),
    endpoint(inventoryRoutes.packagesSearch, ({ principal, query }) =>
      searchPackages(inScope(principal), facts, {
        name: query.name,
        isBySource: query.source === 'true',
      }),
    ),
  ];
}
