import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@pilothouse/base';
import { WebSocketServer } from 'ws';
import type { GatewayLimits } from './limits.ts';
import type { Arrival, OpenSocket, Peer } from './session-socket.ts';

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Makes arrivals of requests to upgrade, whatever carries their bytes. */
interface Arrivals {
  of(upgrade: Upgrade, peer: Peer, clock: Clock): Arrival<OpenSocket>;
}

export function createArrivals(limits: Pick<GatewayLimits, 'frameBytesMax' | 'closeDeadlineMs'>): Arrivals {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.frameBytesMax,
    // Bodies travel compressed over HTTP; frames are small, and a deflate context costs more memory than a session.
    perMessageDeflate: false,
  });
  const open = ({ request, socket, head }: Upgrade): Promise<OpenSocket> =>
    new Promise((resolve, reject) => {
      // Its end may lie behind us, and would be waited for in vain.
      if (socket.destroyed) reject(new Error('closed before the upgrade'));
      socket.once('close', () => reject(new Error('closed before the upgrade')));
      sockets.handleUpgrade(request, socket, head, resolve);
    });
  return {
    of: (upgrade, peer, clock) => ({
      ...peer,
      path: (upgrade.request.url ?? '').split('?')[0] ?? '',
      accept: () => open(upgrade),
      refuse(answer) {
        upgrade.socket.end(answer);
        clock.after(limits.closeDeadlineMs, () => upgrade.socket.destroy());
      },
      drop: () => void upgrade.socket.destroy(),
    }),
  };
}
