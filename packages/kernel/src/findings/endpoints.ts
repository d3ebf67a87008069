import {
  AppError,
  type Finding,
  findingsPermissions,
  findingsRoutes,
  type HostId,
} from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostsService } from '../hosts/service.ts';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import type { FindingEdit, FindingsBook } from './service.ts';

export interface FindingsEndpointsDeps {
  readonly findings: FindingsBook;
  readonly hosts: Pick<HostsService, 'index'>;
}

const READ = findingsPermissions.findingsRead.name;
const ACKNOWLEDGE = findingsPermissions.findingsAcknowledge.name;

export function findingsEndpoints({ findings, hosts }: FindingsEndpointsDeps): Endpoint[] {
  /** What lies outside the reader's scope is absent; what he sees but may not touch is forbidden. */
  const visible = async (principal: Principal, id: string, permission: string): Promise<Finding> => {
    const finding = await findings.get(id);
    if (finding === null || !isInScope(principal, READ, hosts, finding)) {
      throw new AppError('NOT_FOUND', { what: 'finding', id });
    }
    if (!isInScope(principal, permission, hosts, finding)) throw new AppError('FORBIDDEN', { permission });
    return finding;
  };
  return [
    endpoint(findingsRoutes.list, ({ principal, query }) =>
      findings.list({ ...query, hostIds: hostIdsOf(principal, hosts) }, query),
    ),
    endpoint(findingsRoutes.kinds, async () => ({ items: [...findings.specs.values()] })),
    endpoint(findingsRoutes.get, ({ principal, params }) => visible(principal, params.id, READ)),
    endpoint(findingsRoutes.acknowledge, async (request) => {
      const { id } = await visible(request.principal, request.params.id, ACKNOWLEDGE);
      const { reason, until } = request.body;
      return findings.acknowledge(editOf(request, id), { reason, until: Date.parse(until) });
    }),
    endpoint(findingsRoutes.unacknowledge, async (request) => {
      const { id } = await visible(request.principal, request.params.id, ACKNOWLEDGE);
      return findings.unacknowledge(editOf(request, id));
    }),
  ];
}

function isInScope(
  principal: Principal,
  permission: string,
  hosts: Pick<HostsService, 'index'>,
  { hostId }: Finding,
): boolean {
  const scope = principal.scope(permission);
  if (scope.isAll) return true;
  const host = hostId === null ? undefined : hosts.index.get(hostId);
  return host !== undefined && scope.includes(host);
}

function hostIdsOf(principal: Principal, hosts: Pick<HostsService, 'index'>): ReadonlySet<HostId> | null {
  const scope = principal.scope(READ);
  if (scope.isAll) return null;
  const inScope = [...hosts.index.values()].filter((host) => scope.includes(host));
  return new Set(inScope.map(({ id }) => id));
}

const editOf = (
  request: Pick<HttpRequest, 'principal' | 'requestId' | 'ifMatch'>,
  id: string,
): FindingEdit => ({
  id,
  by: request.principal.actor,
  requestId: request.requestId,
  ifMatch: request.ifMatch,
});
