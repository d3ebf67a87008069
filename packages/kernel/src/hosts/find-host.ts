import { nearestName } from '@pilothouse/base';
import { AppError, type HostId } from '@pilothouse/contract';
import type { HostScope, Principal } from '../access/service.ts';
import type { HostEntry, HostsService } from './service.ts';

/** Names that are compared with a mistyped one: comparing costs microseconds each, and the answer is only a hint. */
const NAMES_COMPARED_MAX = 5000;

const isVisible = (scope: HostScope, host: HostEntry): boolean => scope.isAll || scope.includes(host);

/**
 * The host that a person means, by id or name, among those that the permission shows to them: what lies outside is absent,
 * also from the ids of an ambiguous name and from the suggestions. AppError HOST_UNKNOWN, HOST_NAME_AMBIGUOUS.
 */
export function findHost(
  hosts: Pick<HostsService, 'index' | 'sorted'>,
  principal: Principal,
  { ref, permission }: { ref: string; permission: string },
): HostEntry {
  const scope = principal.scope(permission);
  const byId = hosts.index.get(ref);
  if (byId !== undefined && isVisible(scope, byId)) return byId;
  const visible = hosts.sorted().filter((host) => isVisible(scope, host));
  const named = visible.filter((host) => host.name === ref);
  const [only] = named;
  if (only === undefined)
    throw new AppError('HOST_UNKNOWN', {
      host: ref,
      nearest:
        nearestName(
          ref,
          visible.slice(0, NAMES_COMPARED_MAX).map((host) => host.name),
        ) ?? '–',
    });
  if (named.length > 1)
    throw new AppError('HOST_NAME_AMBIGUOUS', { name: ref, ids: named.map((host) => host.id) });
  return only;
}

/** The same for a change: who sees the host and may not touch it is told so. */
export function findHostToChange(
  hosts: Pick<HostsService, 'index' | 'sorted'>,
  principal: Principal,
  { ref, permission }: { ref: string; permission: string },
): HostEntry {
  const readScope = principal.scope('hosts.read');
  const host = findHost(hosts, principal, {
    ref,
    // Whoever may change hosts but not read them still finds what they may change.
    permission: readScope.isNone ? permission : 'hosts.read',
  });
  if (!isVisible(principal.scope(permission), host)) throw new AppError('FORBIDDEN', { permission });
  return host;
}

/** What decides whether a host lies in a scope, after a change. */
export interface ScopeMove {
  readonly before: HostEntry;
  readonly after: Pick<HostEntry, 'id' | 'name' | 'labels' | 'groups'>;
}

const NAMES_IN_ERROR_MAX = 10;

/** Labels, groups and names carry rights, so whoever changes them needs the permission on both sides of the change. */
export function requireBothScopes(
  principal: Principal,
  permission: string,
  moves: readonly ScopeMove[],
): void {
  const scope = principal.scope(permission);
  if (scope.isAll) return;
  const refused = moves.filter(({ before, after }) => !scope.includes(before) || !scope.includes(after));
  if (refused.length === 0) return;
  const sees = principal.scope('hosts.read');
  const named = refused.filter(({ before }) => isVisible(sees, before)).slice(0, NAMES_IN_ERROR_MAX);
  throw new AppError('HOST_LABEL_OUT_OF_SCOPE', {
    permission,
    count: refused.length,
    // The count is whole; a host that the person may not see keeps its name.
    hosts: named.map(({ before }) => before.name).join(', ') || '…',
  });
}

/** If-Match against a record's version; null: the client did not ask. */
export function requireEtag(ifMatch: string | null, etag: string, what: { what: string; id: HostId }): void {
  if (ifMatch !== null && ifMatch !== '*' && ifMatch !== etag) throw new AppError('EDIT_CONFLICT', what);
}
