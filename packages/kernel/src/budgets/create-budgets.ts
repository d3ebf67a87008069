import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { FactsService } from '../facts/service.ts';
import type { FindingsService } from '../findings/service.ts';
import type { GatewayService } from '../gateway/service.ts';
import type { GroupsService, HostsService } from '../hosts/service.ts';
import type { Endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import type { SelectService } from '../select/service.ts';
import type { BudgetLedger } from './service.ts';

export interface BudgetsDeps {
  readonly hosts: HostsService;
  readonly groups: GroupsService;
  readonly select: SelectService;
  readonly facts: FactsService;
  readonly findings: FindingsService;
  readonly events: EventsService;
  readonly audit: AuditService;
  readonly gateway: Pick<GatewayService, 'listen'>;
}

export interface BudgetsRoom {
  readonly budgets: BudgetLedger;
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
}

/** Opens the ledger: reads budgets and leases back. */
export async function createBudgets(_context: KernelContext, _deps: BudgetsDeps): Promise<BudgetsRoom> {
  const budgets: BudgetLedger = {
    take: () => ({ kind: 'granted' }),
    giveBack: () => {},
    setFailing: () => {},
    flush: async () => {},
    reload: async () => {},
    onRoom: () => () => {},
    impossibleFor: () => [],
  };
  return { budgets, endpoints: [], reconcilers: [] };
}
