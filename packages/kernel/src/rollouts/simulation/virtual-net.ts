import type { HostId } from '@pilothouse/contract';
import type { AgentFrame, AgentFrameOf } from '@pilothouse/wire';
import type { GatewayService, SessionListener } from '../../gateway/service.ts';
import { breakOff, type Passage, takeFrame, takeLate } from './frame-queue.ts';
import type { Random } from './random.ts';
import { helloOf, sayUnsaved, type Unaddressed, type VirtualHost } from './virtual-host.ts';

/** Sessions between hosts and the server of the moment. Frames move only when the world says so. */
export interface VirtualNet {
  readonly gateway: GatewayService;
  connect(host: VirtualHost): void;
  disconnect(host: VirtualHost): void;
  /** Brings one word of the host to the server: the oldest, or another one that overtook it. */
  deliver(host: VirtualHost, how: Passage): void;
  /** One word each way that an earlier connection had carried arrives after all. */
  deliverLate(host: VirtualHost): void;
  /** The server died: sessions end, and nobody listens. */
  forgetServer(): void;
}

interface NetDeps {
  readonly random: Random;
  readonly hosts: ReadonlyMap<HostId, VirtualHost>;
  readonly actions: AgentFrameOf<'hello'>['actions'];
  /** An offer leaves the server at this moment. */
  readonly offered: (host: VirtualHost, taskId: string) => void;
  /** The server of the moment hears how much its host has to do. */
  readonly beat: (host: VirtualHost, load: number) => void;
  readonly presence: (host: VirtualHost, isOnline: boolean) => void;
}

export function createVirtualNet(deps: NetDeps): VirtualNet {
  const { hosts, random } = deps;
  const listeners: SessionListener[] = [];
  let generation = 0;
  const disconnect = (host: VirtualHost): void => {
    const { session } = host;
    if (session === null) return;
    host.session = null;
    host.isCutOff = false;
    breakOff(random, host.inbox, session.generation);
    breakOff(random, host.outbox, session.generation);
    for (const listener of listeners) listener.closed?.(session);
    deps.presence(host, false);
  };
  const say = (host: VirtualHost, frame: Unaddressed): void => {
    const { session } = host;
    if (session === null) return;
    if (frame.kind === 'heartbeat') deps.beat(host, frame.vitals.load1);
    // Every kind that is said here carries the generation, and nothing else is missing.
    const addressed = { ...frame, generation: session.generation } as AgentFrame;
    for (const listener of listeners) listener.frame?.(session, addressed);
  };
  return {
    gateway: gatewayOver(deps, listeners, disconnect),
    connect(host) {
      disconnect(host);
      generation += 1;
      const session = { hostId: host.id, generation, hello: helloOf(host, deps.actions) };
      host.session = session;
      deps.presence(host, true);
      for (const listener of listeners) listener.opened?.(session);
      sayUnsaved(host);
    },
    disconnect,
    deliver(host, how) {
      const frame = takeFrame(random, host.outbox, how);
      if (frame !== null && !host.isCutOff) say(host, frame);
    },
    deliverLate(host) {
      const current = host.session?.generation ?? null;
      const word = takeLate(host.outbox, current);
      if (word !== null) say(host, word);
      const frame = takeLate(host.inbox, current);
      if (frame !== null) host.inbox.onTheWay.unshift(frame);
    },
    forgetServer() {
      listeners.length = 0;
      for (const host of hosts.values()) disconnect(host);
    },
  };
}

/** The gateway as rooms of the server see it. */
function gatewayOver(
  { hosts, offered }: NetDeps,
  listeners: SessionListener[],
  disconnect: (host: VirtualHost) => void,
): GatewayService {
  return {
    send(hostId, frame) {
      const host = hosts.get(hostId);
      if (host === undefined || host.session === null) return 'offline';
      if (frame.kind === 'offer') offered(host, frame.taskId);
      if (!host.isCutOff) host.inbox.onTheWay.push(frame);
      return 'sent';
    },
    session: (hostId) => hosts.get(hostId)?.session ?? null,
    listen: (listener) => void listeners.push(listener),
    cut(hostId) {
      const host = hosts.get(hostId);
      if (host !== undefined) disconnect(host);
    },
    suspect(hostId, problem) {
      throw new Error(`an honest host was suspected: ${hostId} ${problem}`);
    },
    get sessionsCount() {
      return countSessions(hosts);
    },
  };
}

const countSessions = (hosts: ReadonlyMap<HostId, VirtualHost>): number =>
  [...hosts.values()].filter((host) => host.session !== null).length;
