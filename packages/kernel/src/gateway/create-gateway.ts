/**
 * The agents' listener. It asks every peer for a certificate and lets the handshake pass without judging it: who a peer is,
 * the store decides at each session and request, so that an expired host can renew and a revoked one is told why.
 *
 * Nothing a stranger can do holds anything for long: handshake, headers, body and hello have deadlines, sizes have limits,
 * and when connections without a handshake pile up the oldest goes, since a good peer finishes within milliseconds.
 */
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { SECOND_MS } from '@pilothouse/base';
import type { ServerCertificate } from '../enrolment/index.ts';
import { createUpgradeDesk, type Desk } from './accept-upgrade.ts';
import { createRequestDesk } from './answer-request.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';
import { openProxyDoor } from './proxy-door.ts';
import { createRefusals } from './refusals.ts';
import type { GatewayService } from './service.ts';
import { Sessions } from './sessions.ts';

/** OpenSSL takes tickets back only within the context that gave them; the name must outlive restarts. */
const SESSION_ID_CONTEXT = 'pilothouse-gateway';

export interface Gateway {
  readonly service: GatewayService;
  /** TLS handshakes since the start. A resumed one costs half of a full one. */
  readonly handshakes: Readonly<Record<'full' | 'resumed' | 'failed', number>>;
  /** Resolves with the port once it listens. */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>;
  /** Ends all sessions and connections; what was received is handed on first. */
  close(): Promise<void>;
}

export async function createGateway(
  deps: GatewayDeps,
  tightened: Partial<GatewayLimits> = {},
): Promise<Gateway> {
  const limits: GatewayLimits = { ...GATEWAY_LIMITS, ...tightened };
  const { context, enrolment } = deps;
  const refusals = createRefusals(deps.errors);
  const sessions = new Sessions(deps, limits, refusals);
  let ticketKeys = await deps.ticketKeys.current();

  const server = createServer({
    ...secureOptions(enrolment.serverCertificate),
    ...connectionOptions(limits),
    ticketKeys,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const addressOf = openProxyDoor(server, doorOptions(deps, limits));
  const desk: Desk = { deps, limits, sessions, refusals, addressOf };
  const upgrades = createUpgradeDesk(desk);
  const requests = createRequestDesk(desk);
  server.maxConnections = limits.connectionsMax;
  server.on('request', (request, response) => requests.request(request, response));
  server.on('upgrade', (request, socket, head) => upgrades.upgrade(request, socket, head));
  server.on('tlsClientError', (cause) => context.log.debug('a handshake failed', { cause }));
  const handshakes = countHandshakes(server);

  const connections = trackConnections(server, limits.handshakesMax);
  const refreshTickets = async (): Promise<void> => {
    ticketKeys = await deps.ticketKeys.current();
    server.setTicketKeys(ticketKeys);
  };
  const stops = [
    enrolment.onServerCertificate((certificate) => {
      server.setSecureContext({
        ...secureOptions(certificate),
        ticketKeys,
        sessionTimeout: limits.ticketLifeMs / SECOND_MS,
      });
    }),
    context.clock.every(limits.ticketKeyLifeMs / 4, () => {
      refreshTickets().catch((cause: unknown) => context.log.error('change the ticket key', { cause }));
    }),
  ];

  return {
    service: sessions,
    handshakes,
    async listen(at) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', reject);
      server.listen({ host: at.host, port: at.port, backlog: 1024 }, resolve);
      await promise;
      server.off('error', reject);
      server.on('error', (cause) => context.log.error('the gateway listener failed', { cause }));
      // A TCP server's address is an object; only pipes have a string.
      return (server.address() as AddressInfo).port;
    },
    async close() {
      for (const stop of stops) stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await sessions.close();
      // One turn for the last frames to leave.
      await new Promise((resolve) => setImmediate(resolve));
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

const connectionOptions = (limits: GatewayLimits) => ({
  sessionTimeout: limits.ticketLifeMs / SECOND_MS,
  handshakeTimeout: limits.handshakeDeadlineMs,
  headersTimeout: limits.headersDeadlineMs,
  requestTimeout: limits.requestDeadlineMs,
  connectionsCheckingInterval: limits.headersDeadlineMs / 2,
  maxHeaderSize: limits.headerBytesMax,
});

const doorOptions = ({ trustedProxies = [], context }: GatewayDeps, limits: GatewayLimits) => ({
  trusted: trustedProxies,
  deadlineMs: limits.handshakeDeadlineMs,
  clock: context.clock,
  log: context.log,
});

function countHandshakes(server: Server): Gateway['handshakes'] {
  const handshakes = { full: 0, resumed: 0, failed: 0 };
  server.on('secureConnection', (socket) => {
    handshakes[socket.isSessionReused() ? 'resumed' : 'full'] += 1;
  });
  server.on('tlsClientError', () => {
    handshakes.failed += 1;
  });
  return handshakes;
}

/** All connections. Keeps those whose handshake is not finished below the limit. */
function trackConnections(server: Server, handshakesMax: number): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  /** By address and port, in order of arrival: the handshake's own socket is not the one that arrived. */
  const handshakes = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const key = peerKey(socket);
    connections.add(socket);
    handshakes.set(key, socket);
    socket.once('close', () => {
      connections.delete(socket);
      if (handshakes.get(key) === socket) handshakes.delete(key);
    });
    if (handshakes.size <= handshakesMax) return;
    const [oldest] = handshakes.values();
    oldest?.destroy();
  });
  server.on('secureConnection', (socket) => handshakes.delete(peerKey(socket)));
  return connections;
}

function secureOptions(certificate: ServerCertificate): SecureContextOptions {
  return {
    key: certificate.keyPem,
    cert: certificate.chainPem,
    minVersion: 'TLSv1.3',
    sessionIdContext: SESSION_ID_CONTEXT,
  };
}

const peerKey = (socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string =>
  `${socket.remoteAddress} ${socket.remotePort}`;
