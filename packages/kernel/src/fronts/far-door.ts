/**
 * Where fronts of other machines come to the leader: TLS on a port of its own, where both sides prove by a certificate of the
 * installation's own authority that they are its machines. What comes is handled as at the door on the leader's own machine.
 *
 * The authority vouches for hosts and listeners, too; only a certificate that names a machine is let in. Whoever is nobody
 * gets no further than the handshake.
 */
import type { Server as HttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { PEER_NAME, type PeerAddress, type PeerCredentials } from '../machines/service.ts';
import { DOOR_CONNECTION } from './door-connection.ts';
import { peerContext } from './leader-way.ts';
import { FRONT_LIMITS } from './limits.ts';

export interface FarDoor {
  setCredentials(credentials: PeerCredentials): void;
  listen(at: PeerAddress): Promise<void>;
  /** Takes nobody new and ends who is there. */
  close(): Promise<void>;
}

/** `wire` makes it answer. */
export function createFarDoor(credentials: PeerCredentials, wire: (server: HttpServer) => void): FarDoor {
  const server = createServer({
    ...peerContext(credentials),
    ...DOOR_CONNECTION,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: FRONT_LIMITS.farHandshakeMs,
  });
  server.maxConnections = FRONT_LIMITS.farConnectionsMax;
  server.on('secureConnection', (socket) => {
    if (!isMachine(socket)) socket.destroy();
  });
  wire(server);
  return {
    setCredentials: (fresh) => server.setSecureContext(peerContext(fresh)),
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, resolve);
      }),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

const isMachine = (socket: TLSSocket): boolean =>
  socket.getPeerX509Certificate()?.checkHost(PEER_NAME) === PEER_NAME;
