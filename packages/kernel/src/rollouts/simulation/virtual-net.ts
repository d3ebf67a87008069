import type { HostId } from '@pilothouse/contract';
import type { AgentFrame, AgentFrameOf } from '@pilothouse/wire';
import type { GatewayService, SessionListener } from '../../gateway/service.ts';
import type { Random } from './random.ts';
import { helloOf, sayUnsaved, type Unaddressed, type VirtualHost } from './virtual-host.ts';

/** Sessions between hosts and the server of the moment. Frames move only when the world says so. */
export interface VirtualNet {
  readonly gateway: GatewayService;
  connect(host: VirtualHost): void;
  disconnect(host: VirtualHost): void;
  /** Brings one word of the host to the server: the oldest, or another one that overtook it. */
  deliver(host: VirtualHost, how: { readonly overtakes: boolean; readonly twice: boolean }): void;
  /** The server died: sessions end, and nobody listens. */
  forgetServer(): void;
}

export function createVirtualNet(deps: {
  readonly random: Random;
  readonly hosts: ReadonlyMap<HostId, VirtualHost>;
  readonly actions: AgentFrameOf<'hello'>['actions'];
  /** An offer leaves the server at this moment. */
  readonly offered: (host: VirtualHost, taskId: string) => void;
  readonly presence: (host: VirtualHost, isOnline: boolean) => void;
}): VirtualNet {
  const { hosts, random } = deps;
  let listeners: SessionListener[] = [];
  let generation = 0;
  const disconnect = (host: VirtualHost): void => {
    const { session } = host;
    if (session === null) return;
    host.session = null;
    host.isCutOff = false;
    host.inbox.length = 0;
    host.outbox.length = 0;
    for (const listener of listeners) listener.closed?.(session);
    deps.presence(host, false);
  };
  return {
    gateway: {
      send(hostId, frame) {
        const host = hosts.get(hostId);
        if (host === undefined || host.session === null) return 'offline';
        if (frame.kind === 'offer') deps.offered(host, frame.taskId);
        if (!host.isCutOff) host.inbox.push(frame);
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
    },
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
    deliver(host, { overtakes, twice }) {
      const { session } = host;
      const frame = takeFrame(random, host, { overtakes, twice });
      if (session === null || frame === null) return;
      // Every kind that is said here carries the generation, and nothing else is missing.
      const addressed = { ...frame, generation: session.generation } as AgentFrame;
      for (const listener of listeners) listener.frame?.(session, addressed);
    },
    forgetServer() {
      listeners = [];
      for (const host of hosts.values()) disconnect(host);
    },
  };
}

function takeFrame(
  random: Random,
  { outbox, isCutOff }: VirtualHost,
  { overtakes, twice }: { readonly overtakes: boolean; readonly twice: boolean },
): Unaddressed | null {
  if (isCutOff) outbox.shift();
  if (isCutOff || outbox.length === 0) return null;
  const at = overtakes ? random.int(outbox.length) : 0;
  const frame = outbox[at] ?? null;
  if (!twice) outbox.splice(at, 1);
  return frame;
}

const countSessions = (hosts: ReadonlyMap<HostId, VirtualHost>): number =>
  [...hosts.values()].filter((host) => host.session !== null).length;
