/**
 * The network between simulated agents and the real gateway: HTTP upgrades, WebSockets and frames, byte by byte, over pipes
 * that move only when the world says so. Only TLS is left out; who an agent is stands where its certificate would.
 */
import { createServer } from 'node:http';
import type { HostId } from '@pilothouse/contract';
import { type AgentFrame, type AgentFrameOf, GATEWAY_PATHS, parseServerFrame } from '@pilothouse/wire';
import { WebSocket } from 'ws';
import { createArrivals, GATEWAY_LIMITS, type Gateway } from '../../gateway/index.ts';
import type { KernelContext } from '../../kernel-context.ts';
import { breakOff, type Passage, takeFrame } from '../simulation/frame-queue.ts';
import type { Random } from '../simulation/random.ts';
import { helloOf, sayUnsaved, type VirtualHost } from '../simulation/virtual-host.ts';
import { type BytePipe, createBytePipe } from './byte-pipe.ts';

interface Connection {
  readonly pipe: BytePipe;
  readonly socket: WebSocket;
}

/** What takes arrivals at the moment. */
interface Listening {
  readonly gateway: Gateway;
  readonly clock: KernelContext['clock'];
}

export interface WireNet {
  /** The agent gives its connection up, if it has one, and dials. */
  dial(host: VirtualHost): void;
  /** The agent's machine goes, or the network forgets the connection: the server hears nothing of it. */
  vanish(host: VirtualHost): void;
  /** Both sides hear that the connection is broken. */
  reset(host: VirtualHost): void;
  isDialling(host: VirtualHost): boolean;
  /** The agent writes its oldest word, or another one, into its connection. */
  say(host: VirtualHost, how: Passage): void;
  /** The agent says again what it had wanted to say in an earlier session, by that session's number. */
  sayLate(host: VirtualHost): void;
  /** Moves bytes of the host's connection; true when there were any. */
  flow(host: VirtualHost, bytesMax: number): boolean;
  /** The same of connections that its agent has left, and the server has not: they may come long after the next has begun. */
  flowLate(host: VirtualHost): boolean;
  /** What the server had written before it died arrives where the network lets it. */
  lastWords(): void;
  /** A server that takes arrivals from now on; null: it died, and the machine answers all with a reset. */
  serve(listening: Listening | null): void;
  close(): void;
}

interface WireNetDeps {
  readonly random: Random;
  readonly hosts: ReadonlyMap<HostId, VirtualHost>;
  readonly actions: AgentFrameOf<'hello'>['actions'];
  /** An agent found that the other side is not what it says. */
  readonly broken: (problem: unknown) => void;
}

export function createWireNet(deps: WireNetDeps): WireNet {
  const connections = new Map<HostId, Connection>();
  /** Given up by their agents, and the server does not know. */
  const left = new Map<HostId, BytePipe[]>();
  const door = createDoor(deps.broken);
  const isCutOff = (hostId: HostId): boolean => deps.hosts.get(hostId)?.isCutOff === true;
  const give = (host: VirtualHost): void => {
    forgetSession(deps.random, host);
    const connection = connections.get(host.id);
    if (connection === undefined) return;
    connections.delete(host.id);
    left.set(host.id, [...(left.get(host.id) ?? []), connection.pipe]);
    connection.socket.terminate();
  };
  return {
    dial(host) {
      give(host);
      const pipe = createBytePipe();
      const socket = openSocket(pipe);
      connections.set(host.id, { pipe, socket });
      const isCurrent = (): boolean => connections.get(host.id)?.socket === socket;
      listenTo(deps, { host, socket, isCurrent, gone: () => void connections.delete(host.id) });
      door.knock(host.id, pipe);
    },
    vanish: give,
    reset(host) {
      const pipes = [connections.get(host.id)?.pipe, ...(left.get(host.id) ?? [])];
      forgetSession(deps.random, host);
      for (const pipe of pipes) pipe?.reset();
      left.delete(host.id);
    },
    isDialling: (host) => connections.has(host.id) && host.session === null,
    say(host, how) {
      const frame = takeFrame(deps.random, host.outbox, how);
      const { session } = host;
      if (frame === null || session === null) return;
      send(connections.get(host.id), { ...frame, generation: session.generation } as AgentFrame); // Whole with it.
    },
    sayLate(host) {
      const [carried] = host.outbox.late;
      if (carried === undefined || host.session === null) return;
      host.outbox.late.shift();
      send(connections.get(host.id), { ...carried.frame, generation: carried.generation } as AgentFrame); // As above.
    },
    flow(host, bytesMax) {
      const pipe = connections.get(host.id)?.pipe;
      return !host.isCutOff && pipe !== undefined && move(pipe, bytesMax);
    },
    flowLate(host) {
      const alive = (left.get(host.id) ?? []).filter(({ server }) => !server.destroyed);
      left.set(host.id, alive);
      return !host.isCutOff && alive.map((pipe) => move(pipe, Number.MAX_SAFE_INTEGER)).includes(true);
    },
    lastWords() {
      for (const [hostId, { pipe }] of connections)
        if (!isCutOff(hostId)) pipe.toAgent.move(Number.MAX_SAFE_INTEGER);
    },
    serve: (listening) => door.serve(listening),
    close() {
      for (const { pipe } of connections.values()) pipe.reset();
      for (const pipe of [...left.values()].flat()) pipe.reset();
      door.close();
    },
  };
}

/** The words of a session that has ended are not said in the next one, unless the world makes an agent confuse them. */
function forgetSession(random: Random, host: VirtualHost): void {
  const { session } = host;
  host.session = null;
  host.inbox.onTheWay.length = 0;
  if (session !== null) breakOff(random, host.outbox, session.generation);
  else host.outbox.onTheWay.length = 0;
}

function move({ toServer, toAgent }: BytePipe, bytesMax: number): boolean {
  const isAnything = [toServer, toAgent].some(({ bytesOnTheWay, isEnding }) => bytesOnTheWay > 0 || isEnding);
  toServer.move(bytesMax);
  toAgent.move(bytesMax);
  return isAnything;
}

function send(connection: Connection | undefined, frame: AgentFrame): void {
  if (connection?.socket.readyState === WebSocket.OPEN) connection.socket.send(JSON.stringify(frame));
}

const openSocket = (pipe: BytePipe): WebSocket =>
  new WebSocket(`ws://gateway.invalid${GATEWAY_PATHS.session}`, {
    perMessageDeflate: false,
    createConnection: () => pipe.agent,
  });

/** The agent's end: greets, and takes in what the server says. */
function listenTo(
  { actions, broken, random }: WireNetDeps,
  end: {
    readonly host: VirtualHost;
    readonly socket: WebSocket;
    readonly isCurrent: () => boolean;
    readonly gone: () => void;
  },
): void {
  const { host, socket, isCurrent, gone } = end;
  const hello = helloOf(host, actions);
  socket.on('open', () => socket.send(JSON.stringify(hello)));
  socket.on('message', (data: Buffer) => {
    // What had come when the agent gave the connection up is read by nobody.
    if (!isCurrent()) return;
    const frame = parseServerFrame(data.toString('utf8'));
    if (!frame.ok) return broken(new Error(`the server said what is no frame: ${frame.error}`));
    const { value } = frame;
    if (value.kind === 'refused') return broken(new Error(`an honest host was refused: ${value.code}`));
    if (value.kind === 'welcome') {
      host.session = { hostId: host.id, generation: value.generation, hello };
      return sayUnsaved(host);
    }
    if (host.session === null || !('generation' in value) || value.generation !== host.session.generation)
      return;
    if (value.kind === 'challenge')
      return host.outbox.onTheWay.push({ kind: 'challenge-answer', nonce: value.nonce });
    host.inbox.onTheWay.push(value);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (!isCurrent()) return;
    gone();
    forgetSession(random, host);
  });
}

/** Where connections arrive at the server's machine. */
function createDoor(broken: (problem: unknown) => void) {
  let listening: Listening | null = null;
  const arrivals = createArrivals(GATEWAY_LIMITS);
  const peers = new WeakMap<object, HostId>();
  const open = new Set<BytePipe>();
  // It never listens: connections are handed to it.
  const server = createServer((_request, response) => {
    broken(new Error('an agent asked for a page'));
    response.destroy();
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined);
    const hostId = peers.get(socket);
    if (listening === null || hostId === undefined) return void socket.destroy();
    const peer = { certificate: new TextEncoder().encode(hostId), address: '192.0.2.1' };
    listening.gateway.arrived(arrivals.of({ request, socket, head }, peer, listening.clock));
  });
  return {
    serve(next: Listening | null): void {
      listening = next;
      if (next !== null) return;
      for (const pipe of open) pipe.reset();
      open.clear();
    },
    knock(hostId: HostId, pipe: BytePipe): void {
      if (listening === null) return pipe.reset();
      open.add(pipe);
      pipe.server.once('close', () => open.delete(pipe));
      peers.set(pipe.server, hostId);
      pipe.server.on('error', () => undefined);
      server.emit('connection', pipe.server);
    },
    close: () => void server.close(),
  };
}
