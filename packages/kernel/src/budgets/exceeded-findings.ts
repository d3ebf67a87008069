import { MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import { budgetFindings } from '@pilothouse/contract';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import { allowedIn, type BudgetRoll, domainsOf } from './budget-roll.ts';
import type { BudgetsDeps } from './create-budgets.ts';
import type { Membership } from './membership.ts';

const INTERVAL_MS = 15 * SECOND_MS;
/** Findings of one round: where more domains are over their caps, the first of them say enough. */
const FINDINGS_MAX = 200;

export interface ExceededParts {
  readonly context: KernelContext;
  readonly deps: Pick<BudgetsDeps, 'findings'>;
  readonly roll: BudgetRoll;
  readonly membership: Pick<Membership, 'budgets'>;
}

/**
 * Says where more hosts are down than a budget allows. No rollout can be the cause of that alone; hosts that broke, went
 * offline or were put into maintenance are. After a start hosts are given time to come back before they are missed.
 */
export function exceededReconciler(
  { context, deps, roll, membership }: ExceededParts,
  graceMs: number,
): Reconciler {
  const quietUntil = context.clock.monotonic() + graceMs + MINUTE_MS;
  return {
    name: 'budgets.exceeded',
    intervalMs: INTERVAL_MS,
    async run() {
      if (context.clock.monotonic() < quietUntil) return;
      const exceeded = [...membership.budgets.keys()]
        .flatMap((name) => domainsOf(roll, name))
        .filter((domain) => domain.down > allowedIn(domain))
        .slice(0, FINDINGS_MAX)
        .map((domain) => ({
          key: JSON.stringify([domain.budget.name, domain.value]),
          evidence: {
            name: domain.budget.name,
            domain: domain.value,
            domainText: domain.value === null ? '' : ` (${domain.budget.per}=${domain.value})`,
            down: domain.down,
            allowed: allowedIn(domain),
          },
        }));
      await deps.findings.reconcile(budgetFindings.exceeded.kind, null, exceeded);
    },
  };
}
