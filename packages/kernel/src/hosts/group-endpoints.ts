import { compareText } from '@pilothouse/base';
import {
  AppError,
  GROUP_HOSTS_MAX,
  type GroupSummary,
  groupsRoutes,
  type JsonObject,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { Principal } from '../access/service.ts';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import { cutPage, heldText, readCursor } from '../page-cursor.ts';
import type { HostsEndpointDeps } from './endpoints.ts';
import { requireBothScopes, requireEtag } from './find-host.ts';
import { findCycle } from './group-cycles.ts';
import { pageHosts } from './page-hosts.ts';
import type { GroupRecord, HostEntry, SelectorInUse } from './service.ts';
import { groupSelector, requireGroup } from './target-resolver.ts';

const LABEL = 'hosts.label';

export const groupEndpoints = (deps: HostsEndpointDeps): Endpoint[] => [
  ...readEndpoints(deps),
  ...editEndpoints(deps),
];

function knownGroup({ groups }: HostsEndpointDeps, path: string): GroupRecord {
  const group = groups.groups.get(path);
  if (group !== undefined) return group;
  requireGroup(groups, path);
  // A folder above groups is no group itself.
  throw new AppError('GROUP_UNKNOWN', { path, nearest: path });
}

function summarize(deps: HostsEndpointDeps, principal: Principal, group: GroupRecord): GroupSummary {
  const { path, description, version, kind } = group;
  const scope = principal.scope('hosts.read');
  const selector = kind === 'selector' ? compileOrNull(deps, group.selector) : null;
  let [hosts, undetermined] = [0, 0];
  for (const host of deps.hosts.index.values()) {
    if (!scope.isAll && !scope.includes(host)) continue;
    if (kind === 'fixed') hosts += host.groups.includes(path) ? 1 : 0;
    else {
      const verdict = selector?.evaluate(host) ?? 'unknown';
      if (verdict === 'true') hosts += 1;
      if (verdict === 'unknown') undetermined += 1;
    }
  }
  return {
    path,
    description,
    kind,
    selector: kind === 'selector' ? group.selector : null,
    hosts,
    undetermined,
    etag: String(version),
  };
}

/** Null for a group whose facts have gone with their plugin. */
function compileOrNull({ select }: Pick<HostsEndpointDeps, 'select'>, text: string) {
  try {
    return select.compile(text);
  } catch {
    // The group is shown with all its hosts undetermined; putting it again says what is wrong.
    return null;
  }
}

/** Loads what selector groups read, so that those who then ask without waiting get an answer. */
export async function warmGroups({
  groups,
  select,
  facts,
}: Pick<HostsEndpointDeps, 'groups' | 'select' | 'facts'>): Promise<void> {
  const needed = new Set<string>();
  for (const group of groups.groups.values())
    if (group.kind === 'selector')
      for (const fact of compileOrNull({ select }, group.selector)?.ownFacts ?? []) needed.add(fact);
  for (const fact of needed) await facts.warm(fact);
}

function readEndpoints(deps: HostsEndpointDeps): Endpoint[] {
  const { groups, hosts, select } = deps;
  return [
    endpoint(groupsRoutes.list, async ({ principal, query }) => {
      const after = readCursor(query.cursor, heldText) ?? '';
      const rest = [...groups.groups.values()].filter((group) => compareText(group.path, after) > 0);
      const page = cutPage(rest, query.limit, ({ path }) => path);
      await warmGroups(deps);
      return { ...page, items: page.items.map((group) => summarize(deps, principal, group)) };
    }),
    endpoint(groupsRoutes.get, async ({ principal, params }) => {
      const group = knownGroup(deps, params.path);
      await warmGroups(deps);
      return summarize(deps, principal, group);
    }),
    endpoint(groupsRoutes.members, async ({ principal, params, query }) => {
      requireGroup(groups, params.path);
      const scope = principal.scope('hosts.read');
      const found = await select.run(groupSelector(params.path));
      const matched = new Set(found.matched);
      const isVisible = (host: HostEntry) => scope.isAll || scope.includes(host);
      const members = hosts.sorted().filter((host) => matched.has(host) && isVisible(host));
      return {
        ...pageHosts(members, query, (host) => hosts.recordOf(host)),
        total: members.length,
        undetermined: found.undetermined.filter(isVisible).length,
      };
    }),
  ];
}

interface GroupEdit {
  readonly action: string;
  readonly details: JsonObject;
  readonly write: (transaction: Transaction) => Promise<void>;
}

async function editGroup(
  { context, audit }: HostsEndpointDeps,
  request: HttpRequest<{ path: string }>,
  { action, details, write }: GroupEdit,
): Promise<void> {
  await context.store.transaction(async (transaction) => {
    await write(transaction);
    await audit.append(transaction, [
      {
        actor: request.principal.actor,
        action,
        subject: request.params.path,
        details,
        requestId: request.requestId,
      },
    ]);
  });
}

function editEndpoints(deps: HostsEndpointDeps): Endpoint[] {
  const { groups } = deps;
  return [
    endpoint(groupsRoutes.put, async (request) => {
      const { params, body, principal, ifMatch } = request;
      const { selector, description } = body;
      if (selector !== null) {
        requireNoCycle(deps, params.path, selector);
        requireNoScope(deps, params.path);
      }
      await editGroup(deps, request, {
        action: 'group.changed',
        details: { description, selector },
        write: async (transaction) => {
          const before = groups.groups.get(params.path);
          if (before !== undefined) {
            if (ifMatch === null) throw new AppError('GROUP_EXISTS', { path: params.path });
            requireEtag(ifMatch, String(before.version), { what: 'group', id: params.path });
          }
          // A list that becomes a selector loses its hosts, and rights that rest on it with them.
          if (selector !== null) requireLeave(deps, principal, params.path);
          await groups.put(transaction, { path: params.path, description, selector });
        },
      });
      await warmGroups(deps);
      return summarize(deps, principal, knownGroup(deps, params.path));
    }),
    endpoint(groupsRoutes.setMembers, async (request) => {
      const { params, body, principal } = request;
      await editGroup(deps, request, {
        action: 'group.members-changed',
        details: { added: body.add, removed: body.remove },
        write: async (transaction) => {
          const group = knownGroup(deps, params.path);
          if (group.kind === 'selector') throw new AppError('GROUP_NOT_FIXED', { path: params.path });
          requireMembers(deps, principal, { path: params.path, ...body });
          await groups.setMembers(transaction, params.path, body);
        },
      });
      return summarize(deps, principal, knownGroup(deps, params.path));
    }),
    endpoint(groupsRoutes.remove, async (request) => {
      const { params, principal, ifMatch } = request;
      await editGroup(deps, request, {
        action: 'group.removed',
        details: {},
        write: async (transaction) => {
          const group = knownGroup(deps, params.path);
          requireEtag(ifMatch, String(group.version), { what: 'group', id: params.path });
          requireUnused(deps, params.path);
          requireLeave(deps, principal, params.path);
          await groups.remove(transaction, params.path);
        },
      });
      return undefined;
    }),
  ];
}

function requireNoCycle({ groups, select }: HostsEndpointDeps, path: string, selector: string): void {
  // Refuses what does not compile, with its column.
  select.compile(selector);
  const through = findCycle(groups.groups, { path, selector }, (text) => compileOrNull({ select }, text));
  if (through !== null) throw new AppError('GROUP_CYCLE', { path, through });
}

/** Without the group a freeze would close nobody, a budget cap nobody, and a role with a `!` reach more than it was given. */
function requireUnused(deps: HostsEndpointDeps, path: string): void {
  const ofGroups = [...deps.groups.groups.values()].flatMap((group) =>
    group.kind === 'selector' && group.path !== path ? [{ user: group.path, selector: group.selector }] : [],
  );
  requireNoUser(deps, path, [...ofGroups, ...deps.selectorsInUse()]);
}

/** A host says of itself what a selector asks: a scope on such a group would be one that hosts enter and leave as they like. */
const requireNoScope = (deps: HostsEndpointDeps, path: string): void =>
  requireNoUser(
    deps,
    path,
    deps.selectorsInUse().filter(({ isScope }) => isScope),
  );

function requireNoUser(
  { select }: Pick<HostsEndpointDeps, 'select'>,
  path: string,
  inUse: readonly SelectorInUse[],
): void {
  const users = inUse.filter(
    ({ selector }) => compileOrNull({ select }, selector)?.groupRefs?.includes(path) === true,
  );
  if (users.length > 0)
    throw new AppError('GROUP_IN_USE', { path, users: users.map(({ user }) => user).join(', ') });
}

const without = (host: HostEntry, path: string): HostEntry => ({
  ...host,
  groups: host.groups.filter((group) => group !== path),
});

/** All members leave. */
function requireLeave({ hosts }: HostsEndpointDeps, principal: Principal, path: string): void {
  const members = [...hosts.index.values()].filter((host) => host.groups.includes(path));
  requireBothScopes(
    principal,
    LABEL,
    members.map((before) => ({ before, after: without(before, path) })),
  );
}

function requireMembers(
  { hosts }: HostsEndpointDeps,
  principal: Principal,
  change: { path: string; add: readonly string[]; remove: readonly string[] },
): void {
  const { path } = change;
  const scope = principal.scope('hosts.read');
  const entryOf = (id: string): HostEntry => {
    const host = hosts.index.get(id);
    if (host === undefined || !(scope.isAll || scope.includes(host)))
      throw new AppError('HOST_UNKNOWN', { host: id, nearest: '' });
    return host;
  };
  const joining = change.add.map(entryOf).filter((host) => !host.groups.includes(path));
  const leaving = change.remove.map(entryOf);
  requireBothScopes(principal, LABEL, [
    ...joining.map((before) => ({ before, after: { ...before, groups: [...before.groups, path] } })),
    ...leaving.map((before) => ({ before, after: without(before, path) })),
  ]);
  const members = [...hosts.index.values()].filter((host) => host.groups.includes(path)).length;
  if (members + joining.length > GROUP_HOSTS_MAX)
    throw new AppError('GROUP_FULL', { path, limit: GROUP_HOSTS_MAX });
}
