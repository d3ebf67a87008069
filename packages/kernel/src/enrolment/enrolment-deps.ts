import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { HostsService } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { KeyFiles } from './key-files.ts';
import type { Trust } from './trust.ts';

/** What the parts of this room work with. */
export interface EnrolmentDeps {
  readonly context: KernelContext;
  readonly trust: Trust;
  readonly keyFiles: KeyFiles;
  readonly hosts: HostsService;
  readonly audit: Pick<AuditService, 'append'>;
  readonly events: Pick<EventsService, 'publish'>;
  /** `https://name:port` of the gateway, in the order in which agents shall try them. */
  readonly gatewayUrls: () => readonly string[];
  /** What the store was set back to (milliseconds since the epoch); null when it never was. */
  readonly restoredFrom: number | null;
  /** Names and addresses for the server's certificate. */
  readonly serverNames: readonly string[];
}
