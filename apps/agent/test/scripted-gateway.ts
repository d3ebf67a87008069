/** For tests: a gateway over real TLS on loopback that says what the test says and remembers what it heard. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { ENROLMENT_TOKEN_PREFIX, type TrustBundle, toTimestamp } from '@pilothouse/contract';
import {
  type AgentFrame,
  type AgentFrameOf,
  EnrolRequest,
  GATEWAY_PATHS,
  parseAgentFrame,
  type ServerFrame,
} from '@pilothouse/wire';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import {
  type EnvelopeKeyPair,
  HOST_ID,
  issueHost,
  issueServer,
  newAuthority,
  newEnvelopeKey,
  signBundle,
  signTime,
  type TestAuthority,
} from './test-authority.ts';

export const SECRET = 'a-secret-of-sixteen-or-more';

type Outgoing = ServerFrame extends infer F
  ? F extends { generation: number }
    ? Omit<F, 'generation'>
    : F
  : never;

/** One session as the test drives it. */
export interface ScriptedSession {
  readonly hello: AgentFrameOf<'hello'>;
  readonly generation: number;
  readonly peerName: string;
  send(frame: Outgoing): void;
  /** With a generation of the test's own choosing. */
  sendRaw(frame: unknown): void;
  /** The first frame of this kind that fits and was not taken before; waits for it. */
  next<K extends AgentFrame['kind']>(
    kind: K,
    fits?: (frame: AgentFrameOf<K>) => boolean,
  ): Promise<AgentFrameOf<K>>;
  /** All frames so far. */
  readonly heard: readonly AgentFrame[];
  cut(): void;
  readonly closed: Promise<void>;
}

export interface ScriptedGateway {
  readonly url: string;
  readonly key: EnvelopeKeyPair;
  readonly authority: TestAuthority;
  token(wish?: { pin?: string }): string;
  readonly enrolments: readonly EnrolRequest[];
  readonly bodies: ReadonlyMap<string, Buffer>;
  /** Says how the next hellos are answered; by default with a welcome. */
  answer(first: ((hello: AgentFrameOf<'hello'>) => ServerFrame) | null): void;
  /** Life of the certificates it issues at enrolment. */
  issue: { lifeMs?: number; ageMs?: number };
  trust: TrustBundle;
  /** The next session that said hello. */
  session(): Promise<ScriptedSession>;
  close(): Promise<void>;
}

/** `hostId`: whom it takes every agent for. */
export async function openScriptedGateway(hostId = HOST_ID): Promise<ScriptedGateway> {
  const authority = await newAuthority();
  const key = newEnvelopeKey();
  const { cert, key: serverKey } = await issueServer(authority);
  const enrolments: EnrolRequest[] = [];
  const bodies = new Map<string, Buffer>();
  const arrivals = mailbox<ScriptedSession>();
  let first: ((hello: AgentFrameOf<'hello'>) => ServerFrame) | null = null;
  let generation = 100;

  const server = createServer({
    key: serverKey,
    cert,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  });
  const sockets = new WebSocketServer({ noServer: true });
  const gateway: ScriptedGateway = {
    url: '',
    key,
    authority,
    token(wish = {}) {
      const body = { urls: [gateway.url], pin: authority.pin, secret: SECRET, ...wish };
      return ENROLMENT_TOKEN_PREFIX + Buffer.from(JSON.stringify(body)).toString('base64url');
    },
    enrolments,
    bodies,
    answer(next) {
      first = next;
    },
    issue: {},
    trust: { version: 1, authorities: [authority.pem], envelopeKeys: [{ id: key.id, raw: key.raw }] },
    session: () => arrivals.take(() => true),
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  server.on('request', (request, response) => {
    answerRequest(gateway, { request, response, enrolments, bodies, hostId }).catch((cause: unknown) => {
      response.writeHead(500).end(String(cause));
    });
  });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const peerName = peerOf(request);
      ws.once('message', (data) => {
        const hello = parseAgentFrame(textOf(data));
        if (!hello.ok || hello.value.kind !== 'hello') return ws.terminate();
        generation += 1;
        const session = openSession(ws, { hello: hello.value, generation, peerName });
        const special = first?.(hello.value) ?? null;
        if (special === null) welcome(session, key, hostId);
        else session.sendRaw(special);
        arrivals.put(session);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // listen() on an address gives an address.
  const { port } = server.address() as AddressInfo;
  return Object.assign(gateway, { url: `https://127.0.0.1:${port}` });
}

function peerOf(request: IncomingMessage): string {
  // Only TLS sockets come to an https server.
  const socket = request.socket as import('node:tls').TLSSocket;
  return String(socket.getPeerCertificate().subject?.CN ?? '');
}

function welcome(session: ScriptedSession, key: EnvelopeKeyPair, hostId: string): void {
  const serverTime = toTimestamp(Date.now());
  session.send({
    kind: 'welcome',
    hostId,
    serverTime,
    heartbeatIntervalMs: 1000,
    knownFacts: {},
  });
  const { keyId, value } = signTime(key, serverTime);
  session.send({ kind: 'time', serverTime, keyId, signature: value });
}

function openSession(
  ws: WebSocket,
  start: { hello: AgentFrameOf<'hello'>; generation: number; peerName: string },
): ScriptedSession {
  const frames = mailbox<AgentFrame>();
  const heard: AgentFrame[] = [];
  ws.on('message', (data) => {
    const frame = parseAgentFrame(textOf(data));
    if (!frame.ok) throw new Error(`agent sent no frame: ${frame.error}: ${textOf(data).slice(0, 300)}`);
    heard.push(frame.value);
    frames.put(frame.value);
  });
  const sendRaw = (frame: unknown): void => ws.send(JSON.stringify(frame));
  return {
    ...start,
    heard,
    send: (frame) => sendRaw({ generation: start.generation, ...frame }),
    sendRaw,
    // The mailbox checks the kind.
    next: (kind, fits = () => true) =>
      frames.take((frame) => frame.kind === kind && fits(frame as never)) as never,
    cut: () => ws.terminate(),
    closed: new Promise((resolve) => ws.once('close', () => resolve())),
  };
}

async function answerRequest(
  gateway: ScriptedGateway,
  at: {
    request: IncomingMessage;
    response: ServerResponse;
    enrolments: EnrolRequest[];
    bodies: Map<string, Buffer>;
    hostId: string;
  },
): Promise<void> {
  const { request, response } = at;
  const url = new URL(request.url ?? '', gateway.url);
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  const json = (status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  if (url.pathname === GATEWAY_PATHS.enrol) {
    const asked = EnrolRequest.parse(JSON.parse(body.toString()));
    at.enrolments.push(asked);
    if (asked.secret !== SECRET) return json(401, refusalIn(request.headers['accept-language']));
    const leaf = await issueHost(gateway.authority, asked.csr, { hostId: at.hostId, ...gateway.issue });
    const chain = [leaf, gateway.authority.pem];
    return json(200, {
      hostId: at.hostId,
      state: 'active',
      chain,
      trust: signBundle(gateway.trust, gateway.key),
    });
  }
  if (url.pathname === GATEWAY_PATHS.trust) return json(200, { bundles: [] });
  const [digest = ''] = url.pathname.split('/').slice(-1);
  const decoded = decode(body, String(request.headers['content-encoding']));
  if (request.method !== 'PUT' || createHash('sha256').update(decoded).digest('hex') !== digest)
    return json(422, refusalIn(request.headers['accept-language']));
  at.bodies.set(digest, decoded);
  response.writeHead(204).end();
}

const decode = (body: Buffer, encoding: string): Buffer =>
  encoding === 'zstd' ? zstdDecompressSync(body) : encoding === 'gzip' ? gunzipSync(body) : body;

const refusalIn = (language: string | undefined) => ({
  type: 'about:blank',
  title: language === 'zh' ? '注册令牌不存在' : 'No such enrolment token',
  status: 401,
  code: 'ENROL_TOKEN_UNKNOWN',
  hint: language === 'zh' ? '请创建新令牌。' : 'Make a new one.',
  retry: 'after-change',
  requestId: 'q_1',
});

// ws gives a Buffer unless asked for something else.
const textOf = (data: RawData): string => (data as Buffer).toString('utf8');

/** What arrives before anybody waits for it is kept. */
function mailbox<T>() {
  const kept: T[] = [];
  const waiting = new Set<{ fits: (item: T) => boolean; resolve: (item: T) => void }>();
  return {
    put(item: T): void {
      for (const waiter of waiting) {
        if (!waiter.fits(item)) continue;
        waiting.delete(waiter);
        return waiter.resolve(item);
      }
      kept.push(item);
    },
    take(fits: (item: T) => boolean): Promise<T> {
      const index = kept.findIndex(fits);
      if (index !== -1) {
        const [item] = kept.splice(index, 1);
        // The index was just found.
        return Promise.resolve(item as T);
      }
      return new Promise((resolve) => waiting.add({ fits, resolve }));
    },
  };
}
