/**
 * Lets connections begin their TLS handshakes one after another.
 *
 * Problem: the runtime computes the handshakes of all connections that have something to say before it looks at anything else.
 * Of a fleet that comes back in one moment that is seconds, in which no session is read and no request answered.
 *
 * Rule: so many are under way at once, and the others wait in the order they came, before a byte of theirs is looked at. Who
 * finds the line full is cut at once, and tries again when it is due; a handshake that was begun is worth finishing.
 *
 * Limits: a handshake that waits for its peer costs nothing. So a place is given up after a moment, finished or not, and whoever
 * has said nothing by its turn takes none: it may speak when it likes, and its deadline runs from then. A flood that speaks and
 * never finishes delays the others.
 */
import type { Socket } from 'node:net';
import type { Server } from 'node:tls';
import { BoundedQueue, type Clock } from '@pilothouse/base';
import type { GatewayLimits } from './limits.ts';
import { peerKey } from './peer-key.ts';

/** Of a peer's answer nothing depends on it: however far all of them are, some three hundred a second begin. */
const PLACE_MS = 100;

/** Puts itself before the TLS of a server that does not listen yet. */
export function openHandshakeLine(
  server: Server,
  limits: Pick<GatewayLimits, 'handshakesAtOnceMax' | 'handshakesWaitingMax'>,
  clock: Pick<Clock, 'after'>,
): void {
  const inner = server.listeners('connection');
  server.removeAllListeners('connection');
  const line = new BoundedQueue<Socket>(limits.handshakesWaitingMax);
  /** What gives the place of a connection up, by its peer: the handshake's own socket is not the one that arrived. */
  const places = new Map<string, () => void>();

  const pass = (socket: Socket): void => {
    for (const listener of inner) Reflect.apply(listener, server, [socket]);
  };
  const begin = (socket: Socket): void => {
    const key = peerKey(socket);
    const giveUp = (): void => {
      if (!places.delete(key)) return;
      cancel();
      next();
    };
    const cancel = clock.after(PLACE_MS, giveUp);
    places.set(key, giveUp);
    socket.once('close', giveUp);
    pass(socket);
  };
  const next = (): void => {
    while (line.length > 0 && places.size < limits.handshakesAtOnceMax) {
      const socket = line.shift();
      if (socket === undefined || socket.destroyed) continue;
      socket.off('error', ignore);
      if (socket.readableLength === 0) pass(socket);
      else begin(socket);
    }
  };
  server.on('connection', (socket: Socket) => {
    if (line.length === 0 && places.size < limits.handshakesAtOnceMax) return begin(socket);
    // Errors end in a close, which is what is acted on; without a listener they would end the process.
    socket.on('error', ignore);
    // A reset tells the peer at once.
    if (!line.push(socket)) socket.resetAndDestroy();
  });
  server.on('secureConnection', (socket) => places.get(peerKey(socket))?.());
}

const ignore = (): void => undefined;
