import { type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { ListenerKeys } from '../gateway/index.ts';
import type { ErrorCatalogue } from '../http/listener.ts';
import { EDGE_CONNECTION, refuseBroken } from '../http/listener.ts';
import type { Log } from '../log.ts';
import { FRONT_LIMITS } from './limits.ts';

export interface ApiListenerOptions {
  readonly keys: ListenerKeys;
  readonly log: Log;
  readonly catalogue: ErrorCatalogue;
  asked(request: IncomingMessage, response: ServerResponse): void;
}

export interface ApiListener {
  setKeys(keys: ListenerKeys): void;
  listen(at: { readonly host: string; readonly port: number }): Promise<number>;
  /**
   * Takes no more connections. Those that are open are served on and told to close, until each has been idle for as long as
   * its client was promised; closing them at once could cross a request on its way. Resolves when the last has ended.
   */
  stop(): Promise<void>;
  drop(): void;
}

/** The people's listener of a front: TLS and HTTP as the leader's own has them, and nothing of what they are for. */
export function createApiListener(options: ApiListenerOptions): ApiListener {
  const { log, catalogue } = options;
  const server = createServer({ ...secureOptions(options.keys), ...EDGE_CONNECTION });
  const connections = new Set<Socket>();
  let isStopping = false;
  server.maxConnections = FRONT_LIMITS.apiConnectionsMax;
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', (request, response) => {
    if (isStopping) response.shouldKeepAlive = false;
    options.asked(request, response);
  });
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    // Every connection of this server came over TCP.
    refuseBroken(error, socket as Socket, catalogue);
  });
  return {
    setKeys: (keys) => server.setSecureContext(secureOptions(keys)),
    async listen({ host, port }) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', reject);
      server.listen({ host, port, backlog: 1024 }, resolve);
      await promise;
      server.off('error', reject);
      server.on('error', (cause) => log.error('the API listener failed', { cause }));
      // A TCP server's address is an object; only pipes have a string.
      return (server.address() as AddressInfo).port;
    },
    stop() {
      isStopping = true;
      // The close of an HTTP server would end idle connections at once.
      return new Promise((resolve) => {
        NetServer.prototype.close.call(server, () => resolve());
      });
    },
    drop() {
      for (const socket of connections) socket.destroy();
    },
  };
}

const secureOptions = ({ keyPem, chainPem, ticketKeys }: ListenerKeys) => ({
  key: keyPem,
  cert: chainPem,
  ticketKeys,
  // Tickets of agents are none here, and the other way round.
  sessionIdContext: 'pilothouse-api',
  minVersion: 'TLSv1.2' as const,
});
