/**
 * The agents' listener. It asks every peer for a certificate and lets the handshake pass without judging it: who a peer is,
 * the store decides at each session and request, so that an expired host can renew and a revoked one is told why.
 *
 * Nothing a stranger can do holds anything for long: handshake, headers, body and hello have deadlines, sizes have limits,
 * and when connections without a handshake pile up the oldest goes, since a good peer finishes within milliseconds.
 *
 * It knows no store and no session, so that any process of an installation can hold one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContextOptions, TLSSocket } from 'node:tls';
import { type Clock, SECOND_MS } from '@pilothouse/base';
import type { Log } from '../log.ts';
import { createArrivals } from './arrivals.ts';
import { openHandshakeLine } from './handshake-line.ts';
import type { GatewayLimits } from './limits.ts';
import { peerKey } from './peer-key.ts';
import { openProxyDoor } from './proxy-door.ts';
import type { Arrival, OpenSocket, Peer } from './session-socket.ts';

/**
 * Connections that the system has made and this process has not looked at yet; the system cuts it to its own bound
 * (net.core.somaxconn). Beyond it a peer hears nothing and asks again after 1, 3, 7, 15 and 31 seconds.
 */
const BACKLOG = 16_384;
/** OpenSSL takes tickets back only within the context that gave them; the name must outlive restarts. */
const SESSION_ID_CONTEXT = 'pilothouse-gateway';

/** What a listener proves itself with. The same for all listeners of an installation; changes now and then. */
export interface ListenerKeys {
  readonly keyPem: string;
  /** Leaf, then authority. */
  readonly chainPem: string;
  /** Under which TLS session tickets are sealed. */
  readonly ticketKeys: Buffer;
}

export interface AgentsListenerOptions {
  readonly keys: ListenerKeys;
  readonly limits: GatewayLimits;
  /** Load balancers that say by the PROXY protocol whose connections they pass on. */
  readonly trustedProxies: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Must not throw. */
  arrived(arrival: Arrival<OpenSocket>): void;
  /** Must not throw. */
  asked(request: IncomingMessage, response: ServerResponse, peer: Peer): void;
}

export interface AgentsListener {
  /** TLS handshakes since the start. A resumed one costs half of a full one. */
  readonly handshakes: Readonly<Record<'full' | 'resumed' | 'failed', number>>;
  setKeys(keys: ListenerKeys): void;
  /** Resolves with the port once it listens. */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>;
  /** Takes no more connections; those that are open go on. Resolves when the last has ended. */
  stop(): Promise<void>;
  /** Ends all connections. */
  drop(): void;
}

export function createAgentsListener(options: AgentsListenerOptions): AgentsListener {
  const { limits, clock, log } = options;
  const server = createServer({
    ...secureOptions(options.keys),
    ...connectionOptions(limits),
    requestCert: true,
    rejectUnauthorized: false,
  });
  openHandshakeLine(server, limits, clock);
  const addressOf = openProxyDoor(server, {
    trusted: options.trustedProxies,
    deadlineMs: limits.handshakeDeadlineMs,
    clock,
    log,
  });
  const arrivals = createArrivals(limits);
  const peerOf = (socket: Duplex): Peer => ({
    certificate: peerCertificate(socket),
    // Every connection of this server is a TLS socket.
    address: addressOf(socket as Socket),
  });
  server.maxConnections = limits.connectionsMax;
  server.on('request', (request, response) => options.asked(request, response, peerOf(request.socket)));
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', (cause) => log.debug('a connection broke', { cause }));
    options.arrived(arrivals.of({ request, socket, head }, peerOf(socket), clock));
  });
  server.on('tlsClientError', (cause) => log.debug('a handshake failed', { cause }));
  const handshakes = countHandshakes(server);
  const connections = trackConnections(server, limits.handshakesMax);
  let stopped: Promise<void> | null = null;

  return {
    handshakes,
    setKeys(keys) {
      server.setSecureContext({
        ...secureOptions(keys),
        ticketKeys: keys.ticketKeys,
        sessionTimeout: limits.ticketLifeMs / SECOND_MS,
      });
    },
    async listen(at) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', reject);
      server.listen({ host: at.host, port: at.port, backlog: BACKLOG }, resolve);
      await promise;
      server.off('error', reject);
      server.on('error', (cause) => log.error('the gateway listener failed', { cause }));
      // A TCP server's address is an object; only pipes have a string.
      return (server.address() as AddressInfo).port;
    },
    stop() {
      stopped ??= new Promise((resolve) => server.close(() => resolve()));
      return stopped;
    },
    drop() {
      for (const socket of connections) socket.destroy();
    },
  };
}

function peerCertificate(socket: Duplex): Uint8Array | null {
  if (!(socket instanceof TLSSocket)) return null;
  // The other way of asking describes every field of the certificate, which takes a third of a millisecond.
  return socket.getPeerX509Certificate()?.raw ?? null;
}

const connectionOptions = (limits: GatewayLimits) => ({
  sessionTimeout: limits.ticketLifeMs / SECOND_MS,
  handshakeTimeout: limits.handshakeDeadlineMs,
  headersTimeout: limits.headersDeadlineMs,
  requestTimeout: limits.requestDeadlineMs,
  connectionsCheckingInterval: limits.headersDeadlineMs / 2,
  maxHeaderSize: limits.headerBytesMax,
});

function countHandshakes(server: Server): AgentsListener['handshakes'] {
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

function secureOptions(keys: ListenerKeys): SecureContextOptions & { readonly ticketKeys: Buffer } {
  return {
    key: keys.keyPem,
    cert: keys.chainPem,
    minVersion: 'TLSv1.3',
    sessionIdContext: SESSION_ID_CONTEXT,
    ticketKeys: keys.ticketKeys,
  };
}
