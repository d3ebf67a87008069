import { createHash, X509Certificate } from 'node:crypto';
import { HOUR_MS } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import { type Access, createAccess } from './access/index.ts';
import { type AgentLack, agentLacks } from './agent-lacks.ts';
import { beginEpoch } from './begin-epoch.ts';
import { createRooms, gatewayUrl, type Rooms, type RoomsOptions } from './create-rooms.ts';
import { createToken } from './enrolment/index.ts';
import { createLeaderDoor, handshakesOf, measureFronts } from './fronts/index.ts';
import {
  catalogueOf,
  createHttp,
  createIdempotency,
  createIdempotencyStore,
  createMetrics,
  type Endpoint,
  type HttpServer,
  type Idempotency,
  type Metrics,
  systemEndpoints,
} from './http/index.ts';
import type { KernelContext } from './kernel-context.ts';
import { kernelDeclarations } from './kernel-declarations.ts';
import { kernelMigrations } from './kernel-migrations.ts';
import type { Address, KernelOptions } from './kernel-options.ts';
import { measuredStore } from './measured-rooms.ts';
import { openPeers } from './open-peers.ts';
import {
  collectDeclarations,
  type Declarations,
  type KernelServices,
  orderPlugins,
  type Reconciler,
  runReconcilers,
  startPlugins,
} from './plugins/index.ts';

/** A running control plane. */
export interface Kernel {
  /** Where it listens, with the ports that the system chose. */
  readonly listen: Address;
  readonly gatewayListen: Address;
  /** SHA-256 of the DER of the certificate authority, hex: what a new client checks the server by. */
  readonly pin: string;
  readonly hosts: KernelServices['hosts'];
  /** What the agent of a host cannot offer: what it says itself, and what is missing wherever one does not run as root. */
  lacksOf(hostId: HostId, agent: { readonly isRoot: boolean }): readonly AgentLack[];
  /** All that is mounted; the access test walks it. */
  readonly endpoints: readonly Endpoint[];
  readonly inject: HttpServer['inject'];
  /** All that kernel and plugins declare. */
  readonly permissions: Declarations['permissions'];
  readonly errors: Declarations['errors'];
  /** A one-time code for the first administrator; null when there is one. */
  newSetupCode(): Promise<string | null>;
  /** A token that enrols one host within minutes: for the agent that is started beside the server. */
  newLocalToken(): Promise<string>;
  /** Takes no more requests, ends sessions, waits for work in hand. Whoever opened the store closes it afterwards. */
  close(): Promise<void>;
}

const LOCAL_TOKEN_LIFE_SECONDS = 600;

/** Puts the rooms together and opens both listeners. What was opened is closed again when a later step fails. */
export async function createKernel(context: KernelContext, options: KernelOptions): Promise<Kernel> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).toReversed()) await each();
  };
  try {
    return await openKernel(context, options, { closers, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Closing {
  readonly closers: (() => Promise<void> | void)[];
  readonly close: () => Promise<void>;
}

async function openKernel(given: KernelContext, options: KernelOptions, closing: Closing): Promise<Kernel> {
  const { closers } = closing;
  const metrics = createMetrics();
  const context: KernelContext = { ...given, store: measuredStore(given.store, given.clock, metrics) };
  const plugins = orderPlugins(options.plugins);
  const declarations = collectDeclarations(
    kernelDeclarations,
    plugins.map((plugin) => plugin.spec),
  );
  await context.store.migrate(kernelMigrations(plugins));
  let gatewayPort = options.gatewayListen.port;
  const accessOpened = Promise.withResolvers<Access>();
  // Whoever waits for it says what went wrong; nobody may.
  accessOpened.promise.catch(() => {});
  const rooms = await createRooms(context, {
    ...options,
    declarations,
    metrics,
    gatewayPort: () => gatewayPort,
    ...askedOfAccess(() => access, accessOpened.promise),
  });
  closers.push(() => rooms.enrolment.service.close());
  closers.push(() => rooms.closeRules());
  closers.push(() => rooms.rolloutsRoom.close());
  closers.push(() => accessOpened.reject(new Error('closed before accounts were there')));
  await beginEpoch(context, {
    audit: rooms.services.audit,
    pauseRollouts: (reason) => rooms.rolloutsRoom.pauseAll(reason),
  });
  const access = await createAccess(context, {
    audit: rooms.services.audit,
    select: rooms.services.select,
    permissions: declarations.permissions,
    oidc: options.oidc,
    rightsChanged: () => rooms.rightsChanged(),
  });
  accessOpened.resolve(access);
  const started = await startPlugins(context, rooms.services, plugins);
  closers.push(() => started.close());

  measure(metrics, rooms);
  const idempotency = createIdempotency(context, createIdempotencyStore(context.store));
  const parts: HttpParts = { access, rooms, declarations, metrics, idempotency, started: started.endpoints };
  const { http, endpoints } = openHttp(context, options, parts);
  const doors = await openDoors(context, options, { ...parts, http, closers });
  gatewayPort = doors.gatewayListen.port;
  const reconcilers = runReconcilers(
    { clock: context.clock, log: context.log, ended: (...run) => metrics.reconcilerEnded(...run) },
    [...rooms.reconcilers, ...started.reconcilers, ...ownReconcilers(access, idempotency)],
  );
  closers.push(() => reconcilers.close());
  return {
    ...doors,
    pin: pinOf(rooms.trust.authority.pem),
    hosts: rooms.services.hosts,
    lacksOf: (hostId, agent) =>
      agentLacks(declarations, rooms.gateway.service.session(hostId)?.hello ?? null, agent),
    endpoints,
    inject: http.inject,
    permissions: declarations.permissions,
    errors: declarations.errors,
    newSetupCode: () => access.newSetupCode(),
    newLocalToken: () => newLocalToken(rooms, gatewayPort),
    close: closing.close,
  };
}

/** What rooms ask of accounts, which are made after them. */
const askedOfAccess = (
  access: () => Access,
  opened: Promise<Access>,
): Pick<RoomsOptions, 'delegates' | 'selectorsOfRoles'> => ({
  selectorsOfRoles: () => access().selectors(),
  delegates: {
    delegateOf: (principal) => access().delegates.delegateOf(principal),
    // Rollouts that were read back ask at once whose approvals still count.
    principalOf: async (delegate) => (await opened).delegates.principalOf(delegate),
  },
});

function measure(metrics: Metrics, { gateway, services }: Rooms): void {
  const { index } = services.hosts;
  metrics.gauge('pilothouse_gateway_sessions', () => gateway.service.sessionsCount);
  metrics.gauge('pilothouse_hosts', () => index.size);
  metrics.gauge('pilothouse_facts_current', () =>
    index.values().reduce((sum, { facts }) => sum + facts.size, 0),
  );
}

/** Where agents and people come in: listeners of this process, or the door for those of others. */
async function openDoors(
  context: KernelContext,
  options: KernelOptions,
  parts: Pick<HttpParts, 'rooms' | 'metrics'> & Pick<Closing, 'closers'> & { readonly http: HttpServer },
): Promise<Pick<Kernel, 'listen' | 'gatewayListen'>> {
  const { clock, log } = context;
  const { http, closers, metrics } = parts;
  const { gateway } = parts.rooms;
  const { doorPath = null, listen, gatewayListen } = options;
  if (doorPath === null) {
    measureFronts(metrics, () => []);
    metrics.gauge('pilothouse_leader_term', () => 0);
    metrics.counted('pilothouse_gateway_handshakes_total', 'kind', () => gateway.handshakes);
    closers.push(() => gateway.close());
    const port = await gateway.listen(gatewayListen);
    closers.push(() => http.close());
    return {
      gatewayListen: { host: gatewayListen.host, port },
      listen: { host: listen.host, ...(await http.listen(listen)) },
    };
  }
  let term = 0;
  metrics.gauge('pilothouse_leader_term', () => term);
  const door = createLeaderDoor({
    clock,
    log,
    agents: gateway,
    api: await http.carried(),
    superseded(next) {
      if (term > 0 && next > term) options.peers?.superseded();
    },
  });
  measureFronts(metrics, () => door.fronts());
  metrics.counted('pilothouse_gateway_handshakes_total', 'kind', () => handshakesOf(door.fronts()));
  // In reverse: nothing new, what is under way, streams and sessions, and last the links that carry their last words.
  closers.push(() => door.close());
  closers.push(() => gateway.close());
  closers.push(() => http.close());
  closers.push(() => door.leave());
  await door.listen(doorPath);
  if (options.peers) {
    const peers = await openPeers(context, options.peers, { door, rooms: parts.rooms });
    closers.push(() => peers.close());
    term = peers.term;
  }
  return { listen, gatewayListen };
}

interface HttpParts {
  readonly access: Access;
  readonly rooms: Rooms;
  readonly declarations: Declarations;
  readonly metrics: Metrics;
  readonly idempotency: Idempotency;
  readonly started: readonly Endpoint[];
}

function openHttp(context: KernelContext, options: KernelOptions, parts: HttpParts) {
  const { access, rooms, metrics, idempotency } = parts;
  const catalogue = catalogueOf([parts.declarations.errors]);
  const endpoints: Endpoint[] = [
    ...systemEndpoints({
      clock: context.clock,
      metrics,
      catalogue,
      version: options.version,
      routes: () => endpoints.map((each) => each.route),
      notReady: () => null,
    }),
    ...access.endpoints,
    ...rooms.endpoints,
    ...parts.started,
  ];
  const certificate = rooms.enrolment.service.serverCertificate;
  const http = createHttp({
    clock: context.clock,
    log: context.log,
    authenticator: access.authenticator,
    catalogue,
    idempotency,
    metrics,
    isAnswerChecked: options.isAnswerChecked ?? false,
    endpoints,
    isCarried: Boolean(options.doorPath),
    tls: options.doorPath ? null : { certificate: certificate.chainPem, key: certificate.keyPem },
  });
  rooms.enrolment.service.onServerCertificate((fresh) => {
    http.setCertificate({ certificate: fresh.chainPem, key: fresh.keyPem });
  });
  return { http, endpoints };
}

const ownReconcilers = (access: Access, idempotency: Idempotency): Reconciler[] => [
  { name: 'access.forget-old-sessions', intervalMs: HOUR_MS, run: () => access.forgetOldSessions() },
  { name: 'http.forget-old-answers', intervalMs: HOUR_MS, run: () => idempotency.prune() },
];

async function newLocalToken(rooms: Rooms, gatewayPort: number): Promise<string> {
  // Whatever is advertised need not resolve on this very machine.
  const gatewayUrls = () => [gatewayUrl('localhost', gatewayPort)];
  const made = await createToken(
    { ...rooms.enrolment.deps, gatewayUrls },
    {
      name: 'agent beside the server',
      usesMax: 1,
      lifeSeconds: LOCAL_TOKEN_LIFE_SECONDS,
      labels: {},
      groups: [],
      needsApproval: false,
    },
    { actor: { kind: 'system', id: 'start', name: 'start' }, requestId: null },
  );
  return made.token;
}

const pinOf = (authorityPem: string): string =>
  createHash('sha256').update(new X509Certificate(authorityPem).raw).digest('hex');
