import { join } from 'node:path';
import type { HostId } from '@pilothouse/contract';
import { readEpoch } from '@pilothouse/store';
import { type AuditTrail, auditEndpoints, createAudit } from './audit/index.ts';
import { createAuthority } from './authority/index.ts';
import { createBudgets } from './budgets/index.ts';
import { createCalendar } from './calendar/index.ts';
import {
  createEnrolment,
  type Enrolment,
  enrolmentEndpoints,
  type KeyFiles,
  openTrust,
  type Trust,
} from './enrolment/index.ts';
import { createEvents, eventsEndpoints } from './events/index.ts';
import { createCollectNow, createFacts, factsEndpoints } from './facts/index.ts';
import { createFindings, findingsEndpoints } from './findings/index.ts';
import { createGates, createPrometheus } from './gates/index.ts';
import {
  createGateway,
  createTicketKeys,
  GATEWAY_LIMITS,
  type Gateway,
  type OutgoingFrame,
} from './gateway/index.ts';
import {
  createHosts,
  createTargetResolver,
  groupEndpoints,
  type HostsEndpointDeps,
  hostsEndpoints,
} from './hosts/index.ts';
import type { SelectorInUse } from './hosts/service.ts';
import type { Endpoint, Metrics } from './http/index.ts';
import type { KernelContext } from './kernel-context.ts';
import type { KernelOptions } from './kernel-options.ts';
import { openInstallationKeys } from './machines/index.ts';
import { measuredGates, measuredGateway } from './measured-rooms.ts';
import { createNotifications } from './notifications/index.ts';
import type { Declarations, KernelServices, Reconciler } from './plugins/index.ts';
import { createRollouts, type RolloutsRoom } from './rollouts/index.ts';
import { createSchedules, type Delegates } from './schedules/index.ts';
import { createSelect, selectEndpoints } from './select/index.ts';

export interface Rooms {
  readonly services: KernelServices;
  readonly audit: AuditTrail;
  readonly trust: Trust;
  readonly keyFiles: KeyFiles;
  readonly enrolment: Enrolment;
  readonly gateway: Gateway;
  readonly rolloutsRoom: Pick<RolloutsRoom, 'idle' | 'close' | 'pauseAll'>;
  /** Ends what the rooms of rules have under way: deliveries of notifications. */
  readonly closeRules: () => Promise<void>;
  /** To be called when people may do other things than before. */
  readonly rightsChanged: () => void;
  readonly endpoints: readonly Endpoint[];
  readonly reconcilers: readonly Reconciler[];
}

export interface RoomsOptions
  extends Pick<
    KernelOptions,
    | 'dataDirectory'
    | 'peers'
    | 'names'
    | 'certificateNames'
    | 'retention'
    | 'gatewayProxies'
    | 'prometheus'
    | 'offlineGraceMs'
    | 'notifyAllow'
  > {
  readonly declarations: Declarations;
  readonly metrics: Metrics;
  /** Made after the rooms; asked when work is done later than it was asked for. */
  readonly delegates: Delegates;
  /** The same; asked when somebody removes a group. */
  readonly selectorsOfRoles: () => readonly SelectorInUse[];
  /** Of the gateway; asked when somebody needs a URL, so that a port chosen by the system is known by then. */
  readonly gatewayPort: () => number;
}

/**
 * Makes the rooms in the order in which they need each other. Where two need each other, the later one is reached through
 * a function, which nobody calls before all are there.
 */
export async function createRooms(context: KernelContext, options: RoomsOptions): Promise<Rooms> {
  const ledger = await openLedger(context, options);
  let gateway: Gateway | null = null;
  const registry = await openRegistry(context, options, {
    ...ledger,
    send: (hostId, frame) => gateway?.service.send(hostId, frame) === 'sent',
  });
  const doors = await openDoors(context, options, { ...ledger, ...registry });
  gateway = doors.gateway;
  const rules = await openRules(context, options, { ...ledger, ...registry, gateway: gateway.service });
  const change = await openChange(context, options, {
    ...ledger,
    ...registry,
    rules: { ...rules, gates: measuredGates(rules.gates, options.metrics) },
    gateway: measuredGateway(gateway.service, context.clock, options.metrics),
  });
  const { trust, keyFiles, audit, events } = ledger;
  const { hosts, facts, select, findings } = registry;
  const { rollouts, rolloutsRoom } = change;
  const { metrics } = options;
  metrics.gauge('pilothouse_rollout_words_waiting', () => rolloutsRoom.waitingCount());
  metrics.gauge('pilothouse_fact_bodies_stored', () => registry.bodiesCount());
  metrics.gauge('pilothouse_budget_leases', () => rules.leasesCount());
  metrics.gauge('pilothouse_notifications_waiting', () => rules.waitingCount());
  const hostsDeps: HostsEndpointDeps = {
    context,
    ...registry,
    audit,
    revoke: (...host) => doors.enrolment.service.revokeHost(...host),
    selectorsInUse: () => [...options.selectorsOfRoles(), ...rules.selectors(), ...rolloutsRoom.selectors()],
    releaseTasks: (transaction, hostId, by) =>
      rollouts.releaseHost(transaction, hostId, { code: 'TASK_HOST_GONE', by }),
  };
  return {
    services: { hosts, facts, select, findings, rollouts, audit, events },
    audit,
    trust,
    keyFiles,
    ...doors,
    rolloutsRoom,
    closeRules: () => rules.close(),
    rightsChanged: () => change.rightsChanged(),
    endpoints: [
      ...auditEndpoints(audit),
      ...hostsEndpoints(hostsDeps),
      ...groupEndpoints(hostsDeps),
      ...eventsEndpoints({ events, hosts, clock: context.clock }),
      ...enrolmentEndpoints(doors.enrolment),
      ...selectEndpoints({ select, hosts, facts }),
      ...findingsEndpoints({ findings, hosts }),
      ...factsEndpoints({
        ...registry,
        collectNow: createCollectNow({ ...registry, clock: context.clock, gateway: gateway.service }),
        specs: [...options.declarations.facts.values()],
      }),
      ...rules.endpoints,
      ...change.endpoints,
    ],
    reconcilers: [
      ...ledger.reconcilers,
      ...registry.reconcilers,
      ...rules.reconcilers,
      ...change.reconcilers,
    ],
  };
}

/** What signs, and what remembers. */
async function openLedger(context: KernelContext, options: RoomsOptions) {
  const { keyFiles } = await openInstallationKeys(context, {
    directory: join(options.dataDirectory, 'keys'),
    hasPeers: Boolean(options.peers),
  });
  const trust = await openTrust(context, keyFiles);
  const { audit, ...auditRoom } = await createAudit(context, { signer: trust.signer });
  const { events, ...eventsRoom } = await createEvents(context, options.retention);
  return {
    keyFiles,
    trust,
    audit,
    events,
    reconcilers: [...auditRoom.reconcilers, ...eventsRoom.reconcilers],
  };
}

type Ledger = Awaited<ReturnType<typeof openLedger>>;
type Send = (hostId: HostId, frame: OutgoingFrame) => boolean;

/** What is known of hosts, and how to pick them. */
async function openRegistry(
  context: KernelContext,
  { declarations, retention }: RoomsOptions,
  { events, audit, send }: Pick<Ledger, 'events' | 'audit'> & { readonly send: Send },
) {
  const { hosts, groups, ...hostsRoom } = await createHosts(context, {
    events,
    factBody: (digest) => facts.bodyNow(digest),
    resolveFindings: (...host) => findings.resolveHost(...host),
  });
  const specs = [...declarations.facts.values()];
  const { facts, ...factsRoom } = await createFacts(context, {
    hosts,
    specs,
    ask: (hostId, digests) => send(hostId, { kind: 'facts-wanted', digests: [...digests] }),
    lookAgain: (hostId, facts) => void send(hostId, { kind: 'collect', facts: [...facts] }),
    historyMs: retention.factHistoryMs,
  });
  const select = createSelect({ facts, hosts, groups, factSpecs: specs });
  const resolver = createTargetResolver({ hosts, groups, select, facts });
  const { findings, ...findingsRoom } = await createFindings(context, {
    specs: [...declarations.findings.values()],
    hosts,
    events,
    audit,
  });
  return {
    hosts,
    groups,
    facts,
    select,
    resolver,
    findings,
    bodiesCount: factsRoom.bodiesCount,
    reconcilers: [...hostsRoom.reconcilers, ...factsRoom.reconcilers, ...findingsRoom.reconcilers],
  };
}

type Registry = Awaited<ReturnType<typeof openRegistry>>;

/** What says when hosts may be changed and how many at once, and whom to tell. */
async function openRules(
  context: KernelContext,
  { prometheus, offlineGraceMs, notifyAllow }: RoomsOptions,
  rooms: Omit<Ledger & Registry, 'reconcilers'> & { readonly gateway: Gateway['service'] },
) {
  const { budgets, ...budgetsRoom } = await createBudgets(context, { ...rooms, offlineGraceMs });
  const { calendar, ...calendarRoom } = await createCalendar(context, rooms);
  const { notifications, ...notificationsRoom } = await createNotifications(context, {
    ...rooms,
    notifyAllow,
  });
  const gates = createGates(context, {
    ...rooms,
    prometheus: prometheus ? createPrometheus(prometheus) : null,
  });
  return {
    budgets,
    calendar,
    gates,
    notifications,
    endpoints: [...budgetsRoom.endpoints, ...calendarRoom.endpoints, ...notificationsRoom.endpoints],
    reconcilers: [...budgetsRoom.reconcilers, ...notificationsRoom.reconcilers],
    leasesCount: budgetsRoom.leasesCount,
    selectors: () => [...budgetsRoom.selectors(), ...calendarRoom.selectors()],
    waitingCount: notificationsRoom.waitingCount,
    close: () => notificationsRoom.close(),
  };
}

/** What changes hosts: who said yes, the rollouts themselves, and those that recur. */
async function openChange(
  context: KernelContext,
  options: RoomsOptions,
  {
    rules,
    ...rooms
  }: Omit<Ledger & Registry, 'reconcilers'> & {
    readonly rules: Awaited<ReturnType<typeof openRules>>;
    readonly gateway: Gateway['service'];
  },
) {
  const actions = [...options.declarations.actions.values()];
  const { authority, ...authorityRoom } = createAuthority(context, {
    ...rooms,
    actions: options.declarations.actions,
    principalOf: (delegate) => options.delegates.principalOf(delegate),
    plans: () => plans,
  });
  const { rollouts, plans, ...rolloutsRoom } = await createRollouts(context, {
    ...rooms,
    ...rules,
    authority,
    signer: rooms.trust.signer,
    actions,
    resultsKeptDays: options.retention.resultsKeptDays,
  });
  const schedules = await createSchedules(context, {
    ...rooms,
    authority,
    plans,
    rollouts,
    delegates: options.delegates,
  });
  return {
    rollouts,
    rolloutsRoom,
    rightsChanged: () => authority.rightsChanged(),
    endpoints: [...authorityRoom.endpoints, ...rolloutsRoom.endpoints, ...schedules.endpoints],
    reconcilers: [...authorityRoom.reconcilers, ...rolloutsRoom.reconcilers, ...schedules.reconcilers],
  };
}

/** Where hosts come in. */
async function openDoors(
  context: KernelContext,
  options: RoomsOptions,
  rooms: Omit<Ledger & Registry, 'reconcilers'>,
) {
  const { keyFiles } = rooms;
  const { restoredFrom } = await readEpoch(context.store);
  const enrolment = await createEnrolment({
    context,
    ...rooms,
    restoredFrom: restoredFrom === null ? null : Date.parse(restoredFrom),
    gatewayUrls: () => options.names.map((name) => gatewayUrl(name, options.gatewayPort())),
    serverNames: options.certificateNames,
  });
  const gateway = await createGateway({
    context,
    ...rooms,
    trustedProxies: options.gatewayProxies ?? [],
    latestCheckpoint: () => rooms.audit.latestCheckpoint,
    enrolment: enrolment.service,
    ticketKeys: createTicketKeys(keyFiles, context.clock, GATEWAY_LIMITS.ticketKeyLifeMs),
    errors: options.declarations.errors,
  });
  return { enrolment, gateway };
}

export const gatewayUrl = (name: string, port: number): string =>
  `https://${name.includes(':') ? `[${name}]` : name}:${port}`;
