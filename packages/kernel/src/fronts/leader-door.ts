/**
 * Where fronts come to the leader: a socket in the data directory, which nobody else may open. Requests come as HTTP, with
 * what the front knows of their sender in headers of our own; sessions come over one link each (link.ts).
 */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '@pilothouse/base';
import type { Gateway } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import { countInFlight } from './count-in-flight.ts';
import { type FrontAtDoor, FrontsAtDoor } from './fronts-at-door.ts';
import { LINK_PATH, LINK_PROTOCOL } from './leader-link.ts';
import { FRONT_LIMITS } from './limits.ts';
import { isForAgents, readPeer } from './request-head.ts';
import { within } from './within.ts';

export interface LeaderDoorOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly agents: Pick<Gateway, 'arrived' | 'asked' | 'keys' | 'onKeys'>;
  /** Requests of people. */
  readonly api: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface LeaderDoor {
  fronts(): readonly FrontAtDoor[];
  listen(path: string): Promise<void>;
  /** Tells fronts to keep what comes from now on for the next leader, and waits for what is under way. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

export function createLeaderDoor(options: LeaderDoorOptions): LeaderDoor {
  const { agents, clock } = options;
  const fronts = new FrontsAtDoor(options);
  const inFlight = countInFlight();
  const server = createServer({
    // A front's head: 16 KiB at most, and a certificate.
    maxHeaderSize: 64 * 1024,
    // Fronts keep the deadlines towards strangers; an idle connection closed here could cross a request on its way.
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 0,
  });
  server.on('request', (request, response) => {
    inFlight.add(request, response);
    if (isForAgents(request.headers)) agents.asked(request, response, readPeer(request.headers));
    else options.api(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== LINK_PATH || request.headers.upgrade !== LINK_PROTOCOL) return socket.destroy();
    fronts.begin(String(request.headers['x-pilothouse-front'] ?? '?'), socket, head);
  });
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
    async leave() {
      await within(clock, FRONT_LIMITS.heldDeadlineMs, fronts.hold());
      await within(clock, FRONT_LIMITS.requestsDeadlineMs, inFlight.none());
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await within(clock, FRONT_LIMITS.heldDeadlineMs, fronts.end());
      server.closeAllConnections();
      await closed;
    },
  };
}
