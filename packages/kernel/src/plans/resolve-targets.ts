import {
  AppError,
  type HostId,
  PLAN_HOSTS_MAX,
  type Strategy,
  type TargetRequest,
} from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostEntry, TargetResolver } from '../hosts/service.ts';
import type { SelectService } from '../select/service.ts';

/** Names that an error lists; its count is whole. */
const NAMES_IN_ERROR_MAX = 10;

export interface ResolveDeps {
  readonly resolver: TargetResolver;
  readonly select: Pick<SelectService, 'compile'>;
}

/** The hosts a person means and may see; hosts outside their sight do not exist for them. */
export async function resolveTargets(
  deps: ResolveDeps,
  principal: Principal,
  target: TargetRequest,
): Promise<{ hosts: HostEntry[]; undetermined: HostEntry[] }> {
  if (target.selector === undefined && !target.hostIds?.length && !target.groups?.length)
    throw new AppError('PLAN_TARGET_EMPTY');
  const resolved = await deps.resolver.resolve(target);
  const isVisible = visibility(principal);
  const hosts = resolved.hosts.filter(isVisible).sort(byId);
  const undetermined = resolved.undetermined.filter(isVisible);
  const found = new Set(hosts.map((host) => host.id));
  const unknown = (target.hostIds ?? []).filter((id) => !found.has(id));
  if (unknown.length > 0)
    throw new AppError('PLAN_HOST_UNKNOWN', {
      count: unknown.length,
      hosts: unknown.slice(0, NAMES_IN_ERROR_MAX).join(', '),
    });
  if (hosts.length === 0) throw new AppError('PLAN_NO_TARGETS', { undetermined: undetermined.length });
  if (hosts.length > PLAN_HOSTS_MAX)
    throw new AppError('PLAN_TARGETS_TOO_MANY', { hosts: hosts.length, hostsMax: PLAN_HOSTS_MAX });
  return { hosts, undetermined };
}

/** Whoever may see a host or its results may aim at it; whether they may act there is asked next. */
export function visibility(principal: Principal): (host: HostEntry) => boolean {
  const scopes = ['hosts.read', 'rollouts.read'].map((permission) => principal.scope(permission));
  return (host) => scopes.some((scope) => scope.isAll || scope.includes(host));
}

/** Refuses targets that were decided on facts older than the plan allows. */
export function requireFreshFacts(
  deps: ResolveDeps,
  hosts: readonly HostEntry[],
  how: { target: TargetRequest; strategy: Strategy; now: number },
): void {
  const { factsAgeMaxMs } = how.strategy;
  if (factsAgeMaxMs === null || how.target.selector === undefined) return;
  const facts = deps.select.compile(how.target.selector).facts;
  const oldest = how.now - factsAgeMaxMs;
  const stale = hosts.filter((host) =>
    facts.some((fact) => (host.facts.get(fact)?.seenAt ?? Number.NEGATIVE_INFINITY) < oldest),
  );
  if (stale.length > 0)
    throw new AppError('PLAN_FACTS_STALE', { count: stale.length, hosts: namesOf(stale) });
}

export const namesOf = (hosts: readonly HostEntry[]): string =>
  hosts
    .slice(0, NAMES_IN_ERROR_MAX)
    .map((host) => host.name)
    .join(', ');

/** Plain code point order: the order of the leaves must be the same on every machine. */
const byId = (a: { readonly id: HostId }, b: { readonly id: HostId }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
