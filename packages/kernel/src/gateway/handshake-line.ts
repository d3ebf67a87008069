/**
 * Lets connections begin their TLS handshakes one after another.
 *
 * Problem: the runtime computes the handshakes of all connections that have something to say before it looks at anything else.
 * Of a fleet that comes back in one moment that is seconds, in which no session is read and no request answered.
 *
 * Rule: in each turn of the event loop one begins, and the others wait in the order they spoke, before a byte of theirs is looked
 * at; so whatever was begun goes on in between. Who has said nothing stands in no line, and has a deadline. Who finds the line
 * full is cut at once, and tries again when it is due; a handshake that was begun is worth finishing.
 */
import type { Socket } from 'node:net';
import type { Server } from 'node:tls';
import { BoundedQueue, type Clock } from '@pilothouse/base';
import type { GatewayLimits } from './limits.ts';

/** Puts itself before the TLS of a server that does not listen yet. */
export function openHandshakeLine(
  server: Server,
  limits: Pick<GatewayLimits, 'handshakesWaitingMax' | 'handshakeDeadlineMs'>,
  clock: Pick<Clock, 'after'>,
): void {
  const inner = server.listeners('connection');
  server.removeAllListeners('connection');
  const line = new BoundedQueue<Socket>(limits.handshakesWaitingMax);

  const beginNext = (): void => {
    const socket = line.shift();
    if (line.length > 0) setImmediate(beginNext);
    if (socket === undefined || socket.destroyed) return;
    socket.off('error', ignore);
    for (const listener of inner) Reflect.apply(listener, server, [socket]);
  };
  server.on('connection', (socket: Socket) => {
    // Errors end in a close, which is what is acted on; without a listener they would end the process.
    socket.on('error', ignore);
    const cancel = clock.after(limits.handshakeDeadlineMs, () => socket.destroy());
    socket.once('close', cancel);
    socket.once('readable', () => {
      cancel();
      // A reset tells the peer at once.
      if (!line.push(socket)) socket.resetAndDestroy();
      else if (line.length === 1) setImmediate(beginNext);
    });
  });
}

const ignore = (): void => undefined;
