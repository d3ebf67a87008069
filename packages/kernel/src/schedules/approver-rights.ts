import { AppError } from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostsService } from '../hosts/service.ts';
import type { PlansService } from '../plans/index.ts';
import { givenApprovals } from './schedule-book.ts';
import type { ScheduleRecord } from './schedules-store.ts';
import type { Delegates } from './service.ts';

export const APPROVE_PERMISSION = 'rollouts.approve';

export interface ApproverDeps {
  readonly hosts: Pick<HostsService, 'index'>;
  readonly plans: Pick<PlansService, 'sketch' | 'effectOf'>;
  readonly delegates: Delegates;
}

/** Whose right to approve covers every host that the terms mean now, for what they would do there. AppError SCHEDULE_OWNER_GONE. */
export async function coverageOf(
  { hosts, plans, delegates }: ApproverDeps,
  { owner, terms, name }: ScheduleRecord,
): Promise<(principal: Principal) => boolean> {
  const asOwner = await delegates.principalOf(owner);
  if (asOwner === null) throw new AppError('SCHEDULE_OWNER_GONE', { name, owner: owner.userName });
  const actions = terms.template.actions.map(({ when, ...action }) =>
    when === undefined ? action : { ...action, when },
  );
  const { plan } = await plans.sketch(asOwner, { ...terms.template, actions, defaults: 'plan' });
  const effect = plans.effectOf(plan);
  return (principal) => {
    const scope = principal.scope(APPROVE_PERMISSION, effect);
    return plan.hosts.every(({ id }) => {
      const host = hosts.index.get(id);
      return scope.isAll || (host !== undefined && scope.includes(host));
    });
  };
}

/** Approvals of the terms by people who may still give them. */
export async function countGood(deps: ApproverDeps, record: ScheduleRecord): Promise<number> {
  const given = givenApprovals(record);
  if (given.length === 0) return 0;
  const isCovered = await coverageOf(deps, record);
  let count = 0;
  for (const { personId, name } of given) {
    const principal = await deps.delegates.principalOf({ userId: personId, userName: name, roles: null });
    if (principal !== null && isCovered(principal)) count += 1;
  }
  return count;
}
