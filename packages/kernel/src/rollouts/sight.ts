import { AppError } from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostsService } from '../hosts/service.ts';
import { readScope } from '../plans/index.ts';
import type { Sight } from './results.ts';
import { type ActsDeps, readKnown } from './rollout-acts.ts';
import type { RolloutRecord } from './rollout-store.ts';

/** A rollout for a reader; absent for whoever sees none of its hosts. */
export async function seeRollout(deps: ActsDeps, principal: Principal, rolloutId: string): Promise<Sight> {
  const record = await readKnown(deps, rolloutId);
  const plan = await deps.plans.load(record.planDigest);
  const isInScope = readScope(deps.hosts, principal);
  if (plan === null || !(await isVisible(deps, principal, record)))
    throw new AppError('NOT_FOUND', { what: 'rollout', id: rolloutId });
  return { record, plan, isInScope };
}

export async function isVisible(
  deps: Pick<ActsDeps, 'plans'> & { readonly hosts: HostsService },
  principal: Principal,
  record: RolloutRecord,
): Promise<boolean> {
  if (principal.scope('rollouts.read').isAll) return true;
  const isInScope = readScope(deps.hosts, principal);
  const plan = await deps.plans.load(record.planDigest);
  return plan?.hosts.some(({ id }) => isInScope(id)) ?? false;
}
