import { AppError, type EffectClass } from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostEntry } from '../hosts/service.ts';
import { namesOf, visibility } from './resolve-targets.ts';

/** What carrying a plan out takes on each of its targets. */
export interface PlanNeeds {
  readonly effect: EffectClass;
  /** Beside `rollouts.start`: what actions ask for, such as running any program. */
  readonly permissions: readonly string[];
}

/**
 * One rule for whoever makes, starts, repeats or resumes a plan: that somebody else was allowed to write it down lets
 * nobody run it. AppError PLAN_HOST_FORBIDDEN or PLAN_PERMISSION_LACKING.
 */
export function requireRights(principal: Principal, hosts: readonly HostEntry[], needs: PlanNeeds): void {
  const { effect } = needs;
  const forbidden = outside(principal.scope('rollouts.start', effect), hosts);
  if (forbidden.length > 0)
    throw new AppError('PLAN_HOST_FORBIDDEN', { effect, ...named(principal, forbidden) });
  for (const permission of needs.permissions) {
    const lacking = outside(principal.scope(permission), hosts);
    if (lacking.length > 0)
      throw new AppError('PLAN_PERMISSION_LACKING', { permission, ...named(principal, lacking) });
  }
}

const outside = (scope: ReturnType<Principal['scope']>, hosts: readonly HostEntry[]): readonly HostEntry[] =>
  scope.isAll ? [] : hosts.filter((host) => scope.isNone || !scope.includes(host));

/** The count is whole; a host that the person may not see keeps its name. */
function named(principal: Principal, hosts: readonly HostEntry[]): { count: number; hosts: string } {
  return { count: hosts.length, hosts: namesOf(hosts.filter(visibility(principal))) || '…' };
}
