import {
  AppError,
  type Host,
  type HostsPage,
  hostsPermissions,
  hostsRoutes,
  type JsonObject,
  toTimestamp,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { Principal } from '../access/service.ts';
import type { FactsService } from '../facts/service.ts';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import type { SelectService } from '../select/service.ts';
import { changeLabels, type LabelDeps } from './change-labels.ts';
import { countTree } from './count-tree.ts';
import { findHost, findHostToChange, requireBothScopes, requireEtag } from './find-host.ts';
import { warmGroups } from './group-endpoints.ts';
import { pageHosts } from './page-hosts.ts';
import type { GroupsService, HostEntry, SelectorInUse } from './service.ts';

export interface HostsEndpointDeps extends LabelDeps {
  readonly groups: GroupsService;
  readonly select: SelectService;
  readonly facts: Pick<FactsService, 'warm'>;
  /** Certificates of a host, by enrolment. */
  readonly revoke: (transaction: Transaction, hostId: string, reason: string) => Promise<void>;
  /** Of all rules beside groups that would mean other hosts, and say nothing, were a group of theirs gone. */
  readonly selectorsInUse: () => readonly SelectorInUse[];
  /** What the host still had to do, by rollouts. */
  readonly releaseTasks: (transaction: Transaction, hostId: string, by: Principal['actor']) => Promise<void>;
}

const PERMISSION = {
  read: hostsPermissions.hostsRead.name,
  label: hostsPermissions.hostsLabel.name,
  maintain: hostsPermissions.hostsMaintain.name,
  quarantine: hostsPermissions.hostsQuarantine.name,
  decommission: hostsPermissions.hostsDecommission.name,
};

export const hostsEndpoints = (deps: HostsEndpointDeps): Endpoint[] => [
  ...readEndpoints(deps),
  ...editEndpoints(deps),
  ...stateEndpoints(deps),
];

function readEndpoints(deps: HostsEndpointDeps): Endpoint[] {
  const { hosts, groups, select } = deps;
  const visible = (principal: Principal): readonly HostEntry[] => {
    const scope = principal.scope(PERMISSION.read);
    return scope.isAll ? hosts.sorted() : hosts.sorted().filter((host) => scope.includes(host));
  };
  return [
    endpoint(hostsRoutes.list, async ({ principal, query }): Promise<HostsPage> => {
      if (query.state === 'decommissioned') {
        const scope = principal.scope(PERMISSION.read);
        const gone = (await hosts.decommissioned()).filter((host) => scope.isAll || scope.includes(host));
        return { ...pageHosts(gone, query, (host) => host), total: gone.length, undetermined: 0 };
      }
      const found = query.q === undefined ? null : await select.run(query.q);
      const matched = found === null ? null : new Set(found.matched);
      const fits = filterOf(query);
      const fitting = visible(principal).filter(fits);
      const shown = matched === null ? fitting : fitting.filter((host) => matched.has(host));
      const undecided = new Set(found?.undetermined);
      return {
        ...pageHosts(shown, query, (host) => hosts.recordOf(host)),
        total: shown.length,
        undetermined: undecided.size === 0 ? 0 : fitting.filter((host) => undecided.has(host)).length,
      };
    }),
    endpoint(hostsRoutes.tree, async ({ principal }) => {
      const seen = visible(principal);
      await warmGroups(deps);
      return {
        ...countTree(groups.groups, seen, select),
        total: seen.length,
        online: seen.filter((host) => host.isOnline).length,
      };
    }),
    endpoint(hostsRoutes.get, async ({ principal, params }) => {
      const gone = hosts.index.has(params.host) ? null : await hosts.get(params.host);
      if (gone !== null && principal.scope(PERMISSION.read).includes(gone)) return gone;
      return hosts.recordOf(findHost(hosts, principal, { ref: params.host, permission: PERMISSION.read }));
    }),
  ];
}

function filterOf(query: {
  readonly name?: string | undefined;
  readonly state?: Host['state'] | undefined;
  readonly presence?: Host['presence']['kind'] | undefined;
}): (host: HostEntry) => boolean {
  const part = query.name?.toLowerCase();
  return (host) =>
    (part === undefined || host.name.toLowerCase().includes(part)) &&
    (query.state === undefined || host.state === query.state) &&
    (query.presence === undefined || presenceOf(host) === query.presence);
}

const presenceOf = (host: HostEntry): Host['presence']['kind'] =>
  host.isOnline ? 'online' : host.lastSeen === null ? 'never' : 'offline';

interface Edit {
  readonly permission: string;
  readonly action: string;
  readonly details?: JsonObject;
  /** Refuses, or writes. Runs inside the transaction, with the host as it is now. */
  readonly write: (transaction: Transaction, host: HostEntry) => Promise<void>;
}

/** A change of one host by a person: found in their scope, checked against If-Match, written and audited as one. */
async function editHost(
  deps: HostsEndpointDeps,
  request: HttpRequest<{ host: string }>,
  edit: Edit,
): Promise<Host> {
  const { hosts, audit, context } = deps;
  const { principal, params, ifMatch, requestId } = request;
  const { id } = findHostToChange(hosts, principal, { ref: params.host, permission: edit.permission });
  await context.store.transaction(async (transaction) => {
    const host = findHostToChange(hosts, principal, { ref: id, permission: edit.permission });
    requireEtag(ifMatch, hosts.recordOf(host).etag, { what: 'host', id });
    await edit.write(transaction, host);
    await audit.append(transaction, [
      {
        actor: principal.actor,
        action: edit.action,
        subject: id,
        details: { name: host.name, ...edit.details },
        requestId,
      },
    ]);
  });
  const record = await hosts.get(id);
  if (record === null) throw new AppError('HOST_UNKNOWN', { host: id, nearest: '' });
  return record;
}

function editEndpoints(deps: HostsEndpointDeps): Endpoint[] {
  const { hosts } = deps;
  return [
    endpoint(hostsRoutes.labels, ({ principal, requestId, body }) =>
      changeLabels(deps, { principal, requestId }, body),
    ),
    endpoint(hostsRoutes.rename, (request) => {
      const { name } = request.body;
      return editHost(deps, request, {
        permission: PERMISSION.label,
        action: 'host.renamed',
        details: { newName: name },
        write: async (transaction, host) => {
          requireBothScopes(request.principal, PERMISSION.label, [
            { before: host, after: { ...host, name } },
          ]);
          await hosts.rename(transaction, host.id, name);
        },
      });
    }),
    endpoint(hostsRoutes.decommission, (request) =>
      editHost(deps, request, {
        permission: PERMISSION.decommission,
        action: 'host.decommissioned',
        details: { reason: request.body.reason },
        write: async (transaction, host) => {
          await deps.revoke(transaction, host.id, request.body.reason);
          await deps.releaseTasks(transaction, host.id, request.principal.actor);
          await hosts.decommission(transaction, host.id);
        },
      }),
    ),
  ];
}

function stateEndpoints(deps: HostsEndpointDeps): Endpoint[] {
  const { hosts, context } = deps;
  const requireState = (host: HostEntry, wanted: HostEntry['state']) => {
    if (host.state !== wanted)
      throw new AppError('HOST_STATE_CONFLICT', { host: host.name, state: host.state, wanted });
  };
  return [
    endpoint(hostsRoutes.beginMaintenance, (request) => {
      const { reason, until } = request.body;
      return editHost(deps, request, {
        permission: PERMISSION.maintain,
        action: 'host.maintenance-began',
        details: { reason, until: until ?? null },
        write: async (transaction, host) => {
          const now = context.clock.now();
          if (until !== undefined && Date.parse(until) <= now)
            throw new AppError('HOST_MAINTENANCE_OVER', { until });
          await hosts.setMaintenance(transaction, host.id, {
            since: toTimestamp(now),
            by: request.principal.actor.name,
            reason,
            until: until ?? null,
          });
        },
      });
    }),
    endpoint(hostsRoutes.endMaintenance, (request) =>
      editHost(deps, request, {
        permission: PERMISSION.maintain,
        action: 'host.maintenance-ended',
        write: async (transaction, host) => {
          if (!host.isInMaintenance) throw new AppError('HOST_NOT_IN_MAINTENANCE', { host: host.name });
          await hosts.setMaintenance(transaction, host.id, null);
        },
      }),
    ),
    endpoint(hostsRoutes.quarantine, (request) =>
      editHost(deps, request, {
        permission: PERMISSION.quarantine,
        action: 'host.quarantined',
        write: async (transaction, host) => {
          requireState(host, 'active');
          await hosts.quarantine(transaction, host.id, 'operator');
        },
      }),
    ),
    endpoint(hostsRoutes.release, (request) =>
      editHost(deps, request, {
        permission: PERMISSION.quarantine,
        action: 'host.released',
        write: async (transaction, host) => {
          requireState(host, 'quarantined');
          await hosts.release(transaction, host.id);
        },
      }),
    ),
  ];
}
