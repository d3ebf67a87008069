/** For tests: the agent's end of a session, frame by frame. */
import { TLSSocket } from 'node:tls';
import { type AgentFrame, GATEWAY_PATHS, PROTOCOL_VERSION, type ServerFrame } from '@pilothouse/wire';
import { WebSocket } from 'ws';
import { textOf } from '../agent-session.ts';
import type { TestGateway, TestIdentity } from './open-test-gateway.ts';

type Hello = Extract<AgentFrame, { kind: 'hello' }>;
type FrameOf<K extends ServerFrame['kind']> = Extract<ServerFrame, { kind: K }>;

export interface TestAgent {
  readonly socket: WebSocket;
  readonly frames: readonly ServerFrame[];
  /** The first frame of a kind that was not taken yet. Rejects when the session ends without one. */
  next<K extends ServerFrame['kind']>(kind: K): Promise<FrameOf<K>>;
  send(frame: AgentFrame): void;
  /** Whether TLS resumed an earlier session. */
  isResumed(): boolean;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
}

export const helloOf = (test: { readonly clock: { now(): number } }, wish: Partial<Hello> = {}): Hello => ({
  kind: 'hello',
  protocol: PROTOCOL_VERSION,
  agentVersion: '0.1.0',
  arch: 'x86_64',
  hostName: 'web-1',
  bootId: 'boot-1',
  processId: crypto.randomUUID(),
  clock: new Date(test.clock.now()).toISOString(),
  trustVersion: 1,
  actions: {},
  actionsAbsent: {},
  journal: [],
  isHeld: false,
  ...wish,
});

export interface DialOptions {
  /** A TLS session to resume. */
  readonly session?: Buffer;
  readonly onTicket?: (ticket: Buffer) => void;
}

/** Connects with an identity and says nothing yet. Rejects with the HTTP status when the upgrade is refused. */
export async function dial(
  test: Pick<TestGateway, 'port' | 'ca'>,
  identity: TestIdentity | null,
  options: DialOptions = {},
): Promise<TestAgent> {
  const socket = new WebSocket(`wss://127.0.0.1:${test.port}${GATEWAY_PATHS.session}`, {
    ca: test.ca(),
    ...(identity === null ? {} : { key: identity.keyPem, cert: identity.certPem }),
    ...(options.session === undefined ? {} : { session: options.session }),
    finishRequest: (request: import('node:http').ClientRequest) => {
      request.on('socket', (tls) => tls.on('session', (ticket: Buffer) => options.onTicket?.(ticket)));
      request.end();
    },
  });
  let isResumed = false;
  const agent = { ...listenOn(socket), isResumed: () => isResumed };
  socket.once('upgrade', ({ socket: tls }) => {
    isResumed = tls instanceof TLSSocket && tls.isSessionReused();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('open', resolve);
  socket.once('unexpected-response', (_request, response) => {
    reject(new Error(`HTTP ${response.statusCode} retry-after ${response.headers['retry-after']}`));
    socket.terminate();
  });
  socket.on('error', reject);
  await promise;
  return agent;
}

/** Connects, says hello and waits for the welcome. */
export async function connect(
  test: Pick<TestGateway, 'port' | 'ca'> & { readonly clock: { now(): number } },
  identity: TestIdentity,
  hello: Partial<Hello> = {},
): Promise<TestAgent & { generation: number }> {
  const agent = await dial(test, identity);
  agent.send(helloOf(test, hello));
  const { generation } = await agent.next('welcome');
  return { ...agent, generation };
}

function listenOn(socket: WebSocket): Omit<TestAgent, 'isResumed'> {
  const frames: ServerFrame[] = [];
  const taken = new Set<ServerFrame>();
  const wakes = new Set<() => void>();
  const closing = Promise.withResolvers<number>();
  let isClosed = false;
  const wake = (): void => {
    for (const run of wakes) run();
  };
  socket.on('message', (data) => {
    // Frames of our own server, in our own tests.
    frames.push(JSON.parse(textOf(data)) as ServerFrame);
    wake();
  });
  socket.on('close', (code) => {
    isClosed = true;
    closing.resolve(code);
    wake();
  });
  return {
    socket,
    frames,
    closed: closing.promise,
    send: (frame) => socket.send(JSON.stringify(frame)),
    next(kind) {
      const { promise, resolve, reject } = Promise.withResolvers<FrameOf<typeof kind>>();
      const look = (): void => {
        const found = frames.find(
          (frame): frame is FrameOf<typeof kind> => frame.kind === kind && !taken.has(frame),
        );
        if (found !== undefined) {
          taken.add(found);
          wakes.delete(look);
          resolve(found);
        } else if (isClosed) {
          wakes.delete(look);
          reject(
            new Error(`closed without ${kind}; got ${JSON.stringify(frames.map((frame) => frame.kind))}`),
          );
        }
      };
      wakes.add(look);
      look();
      return promise;
    },
  };
}
