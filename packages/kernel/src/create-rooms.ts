import { join } from 'node:path';
import { createEnrolment, type Enrolment, openKeyFiles, openTrust, type Trust } from './enrolment/index.ts';
import { createGateway, createTicketKeys, GATEWAY_LIMITS, type Gateway } from './gateway/index.ts';
import { createHosts, type HostsRoom } from './hosts/index.ts';
import type { KernelContext } from './kernel-context.ts';
import type { KernelOptions } from './kernel-options.ts';
import type { Declarations, KernelServices, Reconciler } from './plugins/index.ts';
import { noAudit, noEvents, noFacts, noFindings, noRollouts, noSelect } from './stand-ins.ts';

export interface Rooms {
  readonly services: KernelServices;
  readonly hosts: HostsRoom;
  readonly trust: Trust;
  readonly enrolment: Enrolment;
  readonly gateway: Gateway;
  readonly reconcilers: readonly Reconciler[];
}

export interface RoomsOptions extends Pick<KernelOptions, 'dataDirectory' | 'names'> {
  readonly declarations: Declarations;
  /** Of the gateway; asked when somebody needs a URL, so that a port chosen by the system is known by then. */
  readonly gatewayPort: () => number;
}

/**
 * Makes the rooms in the order in which they need each other. Where two need each other, the later one is reached through
 * a function, which nobody calls before all are there.
 */
export async function createRooms(context: KernelContext, options: RoomsOptions): Promise<Rooms> {
  const keyFiles = await openKeyFiles(join(options.dataDirectory, 'keys'));
  const trust = await openTrust(context, keyFiles);
  const [audit, events, facts, findings] = [noAudit, noEvents, noFacts, noFindings];
  const hosts = await createHosts(context, { events, factBody: (digest) => facts.bodyNow(digest) });
  const enrolment = await createEnrolment({
    context,
    trust,
    keyFiles,
    hosts: hosts.hosts,
    audit,
    events,
    gatewayUrls: () => options.names.map((name) => gatewayUrl(name, options.gatewayPort())),
    serverNames: options.names,
  });
  const gateway = await createGateway({
    context,
    enrolment: enrolment.service,
    hosts: hosts.hosts,
    facts,
    findings,
    ticketKeys: createTicketKeys(keyFiles, context.clock, GATEWAY_LIMITS.ticketKeyLifeMs),
    errors: options.declarations.errors,
  });
  const select = noSelect;
  const rollouts = noRollouts;
  return {
    services: { hosts: hosts.hosts, facts, select, findings, rollouts, audit, events },
    hosts,
    trust,
    enrolment,
    gateway,
    reconcilers: [...hosts.reconcilers],
  };
}

const gatewayUrl = (name: string, port: number): string =>
  `https://${name.includes(':') ? `[${name}]` : name}:${port}`;
