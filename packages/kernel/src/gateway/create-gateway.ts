/**
 * The agents' side of the control plane, put together: the desks that judge who comes, the sessions, and a listener of this
 * process. Where processes of their own hold the connections, there is no listener here, and they bring what comes to the
 * same desks.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createUpgradeDesk, type Desk } from './accept-upgrade.ts';
import { type AgentsListener, createAgentsListener, type ListenerKeys } from './agents-listener.ts';
import { createRequestDesk } from './answer-request.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';
import { createRefusals } from './refusals.ts';
import type { GatewayService } from './service.ts';
import type { Arrival, Peer } from './session-socket.ts';
import { Sessions } from './sessions.ts';

export interface Gateway {
  readonly service: GatewayService;
  /** Of the listener of this process; zeros when it has none. */
  readonly handshakes: AgentsListener['handshakes'];
  /** What a listener of this installation proves itself with, and the word that it has changed. */
  keys(): ListenerKeys;
  onKeys(listener: (keys: ListenerKeys) => void): void;
  /** An agent that came to a listener of another process. */
  readonly arrived: (arrival: Arrival) => void;
  readonly asked: (request: IncomingMessage, response: ServerResponse, peer: Peer) => void;
  /** Opens the listener of this process. Resolves with the port once it listens. */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>;
  /** Ends all sessions and connections; what was received is handed on first. */
  close(): Promise<void>;
}

export async function createGateway(
  deps: GatewayDeps,
  tightened: Partial<GatewayLimits> = {},
): Promise<Gateway> {
  const limits: GatewayLimits = { ...GATEWAY_LIMITS, ...tightened };
  const refusals = createRefusals(deps.errors);
  const sessions = new Sessions(deps, limits, refusals);
  const desk: Desk = { deps, limits, sessions, refusals };
  const upgrades = createUpgradeDesk(desk);
  const requests = createRequestDesk(desk);
  const keys = await openKeys(deps, limits);
  const { context, trustedProxies = [] } = deps;
  let listener: AgentsListener | null = null;
  const gateway: Gateway = {
    service: sessions,
    get handshakes() {
      return listener?.handshakes ?? { full: 0, resumed: 0, failed: 0 };
    },
    keys: () => keys.current(),
    onKeys: (told) => keys.listen(told),
    arrived: (arrival) => upgrades.arrived(arrival),
    asked: (request, response, peer) => requests.asked(request, response, peer),
    async listen(at) {
      const { clock, log } = context;
      const opened = createAgentsListener({
        keys: keys.current(),
        limits,
        trustedProxies,
        clock,
        log,
        arrived: gateway.arrived,
        asked: gateway.asked,
      });
      keys.listen((fresh) => opened.setKeys(fresh));
      listener = opened;
      return opened.listen(at);
    },
    async close() {
      keys.close();
      const stopped = listener?.stop();
      await sessions.close();
      // One turn for the last frames to leave.
      await new Promise((resolve) => setImmediate(resolve));
      listener?.drop();
      await stopped;
    },
  };
  return gateway;
}

/** Keeps what listeners prove themselves with, and tells of each change. */
async function openKeys({ enrolment, context, ticketKeys }: GatewayDeps, limits: GatewayLimits) {
  const listeners: ((keys: ListenerKeys) => void)[] = [];
  let keys = keysOf(enrolment.serverCertificate, await ticketKeys.atStart());
  const change = (fresh: ListenerKeys): void => {
    keys = fresh;
    for (const listener of listeners) listener(keys);
  };
  const refresh = async (): Promise<void> => {
    const fresh = await ticketKeys.current();
    if (!fresh.equals(keys.ticketKeys)) change({ ...keys, ticketKeys: fresh });
  };
  const stops = [
    enrolment.onServerCertificate((certificate) => change(keysOf(certificate, keys.ticketKeys))),
    context.clock.every(limits.ticketKeyLifeMs / 4, () => {
      refresh().catch((cause: unknown) => context.log.error('change the ticket key', { cause }));
    }),
  ];
  return {
    current: () => keys,
    listen: (listener: (keys: ListenerKeys) => void) => void listeners.push(listener),
    close() {
      for (const stop of stops) stop();
    },
  };
}

const keysOf = (
  { keyPem, chainPem }: Pick<ListenerKeys, 'keyPem' | 'chainPem'>,
  ticketKeys: Buffer,
): ListenerKeys => ({ keyPem, chainPem, ticketKeys });
