import type { IncomingMessage } from 'node:http';
import {
  type AgentsListener,
  createAgentsListener,
  GATEWAY_LIMITS,
  type ListenerKeys,
} from '../gateway/index.ts';
import { plainAddress } from '../plain-address.ts';
import { type ApiListener, createApiListener } from './api-listener.ts';
import type { Forwarded, Forwarder } from './forward-request.ts';
import type { FrontAnswers } from './front-answers.ts';
import type { FrontSessions } from './front-sessions.ts';
import type { FrontOptions } from './run-front.ts';

export interface FrontListeners {
  readonly agents: AgentsListener;
  readonly api: ApiListener;
}

/** The doors of a front to the outside, and where each thing that comes in goes. They do not listen yet. */
export function makeFrontListeners(
  options: FrontOptions,
  keys: ListenerKeys,
  parts: {
    readonly sessions: FrontSessions;
    readonly forwarder: Forwarder;
    readonly answers: FrontAnswers;
  },
): FrontListeners {
  const { clock, log } = options;
  const forward = (forwarded: Forwarded): void => {
    parts.forwarder.forward(forwarded).catch((cause: unknown) => {
      log.error('could not answer a request', { cause });
      forwarded.response.destroy();
    });
  };
  const agents = createAgentsListener({
    keys,
    limits: GATEWAY_LIMITS,
    trustedProxies: options.gatewayProxies,
    clock,
    log,
    arrived: (arrival) => {
      parts.sessions.arrived(arrival).catch((cause: unknown) => {
        log.error('could not pass an agent on', { cause });
        arrival.drop();
      });
    },
    asked: (request, response, peer) => forward({ request, response, peer, door: 'agents' }),
  });
  const api = createApiListener({
    keys,
    log,
    catalogue: parts.answers.catalogue,
    asked: (request, response) => forward({ request, response, peer: personOf(request), door: 'api' }),
  });
  return { agents, api };
}

/** Who people are is for the leader to find out. */
const personOf = ({ socket }: IncomingMessage) => ({
  certificate: null,
  address: plainAddress(socket.remoteAddress ?? ''),
});
