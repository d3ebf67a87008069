import type { AuditCheckpoint, ErrorTable } from '@pilothouse/contract';
import type { EnrolmentService } from '../enrolment/index.ts';
import type { FactsService } from '../facts/service.ts';
import type { FindingsService } from '../findings/service.ts';
import type { HostsService } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { TicketKeys } from './ticket-keys.ts';

/** What the gateway works with. */
export interface GatewayDeps {
  readonly context: KernelContext;
  readonly enrolment: EnrolmentService;
  readonly hosts: HostsService;
  readonly facts: Pick<FactsService, 'report' | 'putBody' | 'knownDigests'>;
  readonly findings: Pick<FindingsService, 'reconcile' | 'raise'>;
  readonly ticketKeys: TicketKeys;
  /** What agents are given to keep as witnesses; null before the first. */
  readonly latestCheckpoint: () => AuditCheckpoint | null;
  /** Load balancers that say by the PROXY protocol whose connections they pass on; none by default. */
  readonly trustedProxies?: readonly string[];
  /** Error tables of the rooms whose codes may reach an agent, besides the common, enrolment and gateway ones. */
  readonly errors?: ErrorTable;
}
