import { join } from 'node:path';
import type { Actor } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import { type AuditTrail, auditEndpoints, createAudit } from './audit/index.ts';
import {
  createEnrolment,
  type Enrolment,
  enrolmentEndpoints,
  openKeyFiles,
  openTrust,
  type Trust,
} from './enrolment/index.ts';
import { createEvents, eventsEndpoints } from './events/index.ts';
import { createFacts, factsEndpoints } from './facts/index.ts';
import { createFindings, findingsEndpoints } from './findings/index.ts';
import { createGateway, createTicketKeys, GATEWAY_LIMITS, type Gateway } from './gateway/index.ts';
import { createHosts, createTargetResolver, groupEndpoints, hostsEndpoints } from './hosts/index.ts';
import type { Endpoint } from './http/index.ts';
import type { KernelContext } from './kernel-context.ts';
import type { KernelOptions } from './kernel-options.ts';
import type { Declarations, KernelServices, Reconciler } from './plugins/index.ts';
import { createRollouts, type RolloutsRoom } from './rollouts/index.ts';
import { createSelect, selectEndpoints } from './select/index.ts';

export interface Rooms {
  readonly services: KernelServices;
  readonly audit: AuditTrail;
  readonly trust: Trust;
  readonly enrolment: Enrolment;
  readonly gateway: Gateway;
  readonly rolloutsRoom: Pick<RolloutsRoom, 'idle' | 'close'>;
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
}

export interface RoomsOptions
  extends Pick<KernelOptions, 'dataDirectory' | 'names' | 'certificateNames' | 'retention'> {
  readonly declarations: Declarations;
  /** Of the gateway; asked when somebody needs a URL, so that a port chosen by the system is known by then. */
  readonly gatewayPort: () => number;
}

/**
 * Makes the rooms in the order in which they need each other. Where two need each other, the later one is reached through
 * a function, which nobody calls before all are there.
 */
export async function createRooms(context: KernelContext, options: RoomsOptions): Promise<Rooms> {
  const { declarations, retention } = options;
  const keyFiles = await openKeyFiles(join(options.dataDirectory, 'keys'));
  const trust = await openTrust(context, keyFiles);
  const { audit, ...auditRoom } = await createAudit(context, { signer: trust.signer });
  const { events, ...eventsRoom } = await createEvents(context, retention);
  let gateway: Gateway | null = null;
  const { hosts, groups, ...hostsRoom } = await createHosts(context, {
    events,
    factBody: (digest) => facts.bodyNow(digest),
  });
  const { facts, ...factsRoom } = await createFacts(context, {
    hosts,
    specs: [...declarations.facts.values()],
    ask: (hostId, digests) =>
      gateway?.service.send(hostId, { kind: 'facts-wanted', digests: [...digests] }) === 'sent',
    historyMs: retention.factHistoryMs,
  });
  const select = createSelect({ facts, hosts, groups, factSpecs: [...declarations.facts.values()] });
  const { findings, ...findingsRoom } = createFindings(context, {
    specs: [...declarations.findings.values()],
    events,
    audit,
  });
  const enrolment = await createEnrolment({
    context,
    trust,
    keyFiles,
    hosts,
    audit,
    events,
    gatewayUrls: () => options.names.map((name) => gatewayUrl(name, options.gatewayPort())),
    serverNames: options.certificateNames,
  });
  gateway = await createGateway({
    context,
    enrolment: enrolment.service,
    hosts,
    facts,
    findings,
    ticketKeys: createTicketKeys(keyFiles, context.clock, GATEWAY_LIMITS.ticketKeyLifeMs),
    errors: declarations.errors,
  });
  const resolver = createTargetResolver({ hosts, groups, select, facts });
  const { rollouts, ...rolloutsRoom } = await createRollouts(context, {
    hosts,
    resolver,
    select,
    gateway: gateway.service,
    signer: trust.signer,
    audit,
    events,
    actions: [...declarations.actions.values()],
    resultsKeptDays: retention.resultsKeptDays,
  });
  const hostsDeps = {
    context,
    hosts,
    groups,
    select,
    facts,
    resolver,
    audit,
    revoke: enrolment.service.revokeHost,
    releaseTasks: (transaction: Transaction, hostId: string, by: Actor) =>
      rollouts.releaseHost(transaction, hostId, { code: 'TASK_HOST_GONE', by }),
  };
  return {
    services: { hosts, facts, select, findings, rollouts, audit, events },
    audit,
    trust,
    enrolment,
    gateway,
    rolloutsRoom,
    endpoints: [
      ...auditEndpoints(audit),
      ...hostsEndpoints(hostsDeps),
      ...groupEndpoints(hostsDeps),
      ...factsEndpoints({ facts, hosts, select, specs: [...declarations.facts.values()] }),
      ...eventsEndpoints({ events, hosts, clock: context.clock }),
      ...enrolmentEndpoints(enrolment),
      ...selectEndpoints({ select, hosts, facts }),
      ...findingsEndpoints({ findings, hosts }),
      ...rolloutsRoom.endpoints,
    ],
    reconcilers: [
      ...auditRoom.reconcilers,
      ...eventsRoom.reconcilers,
      ...hostsRoom.reconcilers,
      ...factsRoom.reconcilers,
      ...findingsRoom.reconcilers,
      ...rolloutsRoom.reconcilers,
    ],
  };
}

export const gatewayUrl = (name: string, port: number): string =>
  `https://${name.includes(':') ? `[${name}]` : name}:${port}`;
