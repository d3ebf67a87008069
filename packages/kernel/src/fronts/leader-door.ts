/**
 * Where fronts come to the leader: a socket in the data directory, which nobody else may open, and for other machines
 * far-door.ts. Requests come as HTTP, with what the front knows of their sender in headers of our own; sessions come over
 * one link each (link.ts).
 */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '@pilothouse/base';
import type { Gateway } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import type { PeerAddress, PeerCredentials } from '../machines/service.ts';
import { countInFlight } from './count-in-flight.ts';
import { DOOR_CONNECTION } from './door-connection.ts';
import { createFarDoor, type FarDoor } from './far-door.ts';
import { type FrontAtDoor, FrontsAtDoor } from './fronts-at-door.ts';
import { LINK_PATH, LINK_PROTOCOL, TERM_HEADER, TERM_PATH } from './leader-link.ts';
import { FRONT_LIMITS } from './limits.ts';
import { isForAgents, NOT_TAKEN_HEADER, readPeer } from './request-head.ts';
import { within } from './within.ts';

export interface LeaderDoorOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly agents: Pick<Gateway, 'arrived' | 'asked' | 'keys' | 'onKeys'>;
  /** Requests of people. */
  readonly api: (request: IncomingMessage, response: ServerResponse) => void;
  /** A machine of ours says that it leads in that term. */
  readonly superseded?: (term: number) => void;
}

export interface LeaderDoor {
  fronts(): readonly FrontAtDoor[];
  listen(path: string): Promise<void>;
  /** Opens it for other machines, too. What is given back takes fresh credentials. */
  listenFar(at: PeerAddress, credentials: PeerCredentials): Promise<Pick<FarDoor, 'setCredentials'>>;
  /** Tells fronts to keep what comes from now on for the next leader, and waits for what is under way. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

export function createLeaderDoor(options: LeaderDoorOptions): LeaderDoor {
  const { agents, clock } = options;
  const fronts = new FrontsAtDoor(options);
  const inFlight = countInFlight();
  const server = createServer(DOOR_CONNECTION);
  let far: FarDoor | null = null;
  let hasLeft = false;
  const wire = (opened: Server, isFar: boolean): void => {
    opened.on('request', (request, response) => {
      if (isFar && request.url === TERM_PATH) {
        options.superseded?.(Number(request.headers[TERM_HEADER]));
        return void response.end();
      }
      // It was handed over before its front heard of the leaving, and came after all others had been waited for.
      if (hasLeft) return refuseLate(response);
      inFlight.add(request, response);
      if (isForAgents(request.headers)) agents.asked(request, response, readPeer(request.headers));
      else options.api(request, response);
    });
    opened.on('upgrade', (request, socket, head) => {
      if (request.url !== LINK_PATH || request.headers.upgrade !== LINK_PROTOCOL) return socket.destroy();
      const name = String(request.headers['x-pilothouse-front'] ?? '?');
      fronts.begin({ name, isFar }, socket, head);
    });
  };
  wire(server, false);
  return {
    fronts: () => fronts.list(),
    async listen(path) {
      // Whoever asks holds the lock of the data directory: what lies there is a dead leader's.
      await rm(path, { force: true });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, resolve);
      });
      await chmod(path, 0o600);
    },
    async listenFar(at, credentials) {
      const door = createFarDoor(credentials, (opened) => wire(opened, true));
      await door.listen(at);
      far = door;
      return door;
    },
    async leave() {
      await within(clock, FRONT_LIMITS.heldDeadlineMs, fronts.hold());
      await within(clock, FRONT_LIMITS.requestsDeadlineMs, inFlight.none());
      hasLeft = true;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await within(clock, FRONT_LIMITS.heldDeadlineMs, fronts.end());
      // One that was stopped reads nothing, and would keep this process from its end.
      fronts.drop();
      server.closeAllConnections();
      await far?.close();
      await closed;
    },
  };
}

function refuseLate(response: ServerResponse): void {
  const seconds = FRONT_LIMITS.retryAfterSeconds;
  response
    .writeHead(503, { [NOT_TAKEN_HEADER]: '1', 'retry-after': String(seconds), connection: 'close' })
    .end();
}
