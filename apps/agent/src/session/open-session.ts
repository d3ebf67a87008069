/**
 * One session, from the socket's opening to its end. It knows the protocol's order and nothing of what frames mean to the
 * rest of the agent: hello first; welcome, renew-only, come-back or refused next; then only frames of its own generation.
 */
import { type Clock, err, MINUTE_MS, ok, type Result, SECOND_MS } from '@pilothouse/base';
import { toTimestamp, type Vitals } from '@pilothouse/contract';
import {
  type AgentFrameOf,
  FRAME_BYTES_MAX,
  GATEWAY_PATHS,
  parseServerFrame,
  SESSION_SILENCE_MAX_MS,
  type ServerFrame,
  type ServerFrameOf,
} from '@pilothouse/wire';
import { type RawData, WebSocket } from 'ws';
import type { AgentLog } from '../log.ts';
import type { Dialler, DialTrust } from './dial.ts';
import type { OutgoingFrame } from './session-frames.ts';

/** Live output is dropped beyond this: a slow link delays it, and outcomes must not wait behind it. */
const SEND_BUFFER_BYTES_MAX = 4 * 1024 * 1024;
/** Several times all that a full journal has to say. A server that asks on and reads nothing would take the host's memory. */
const UNREAD_BYTES_MAX = 32 * 1024 * 1024;
const UPGRADE_TIMEOUT_MS = 15_000;
/**
 * From the hello to the welcome, or to the end of a session that is there to renew: before it nobody's silence is judged. A
 * server that ten thousand hosts come back to takes half a minute.
 */
const WELCOME_WAIT_MS = 2 * MINUTE_MS;

export type SessionEnd =
  | { readonly kind: 'come-back'; readonly afterMs: number }
  | { readonly kind: 'refused'; readonly code: string; readonly title: string }
  /** A new certificate is there: open the next session with it at once. */
  | { readonly kind: 'renewed' }
  | { readonly kind: 'closed'; readonly wasWelcomed: boolean };

export interface SessionPeer {
  /** False when the session cannot take it now. */
  send(frame: OutgoingFrame): boolean;
  end(as: SessionEnd): void;
}

export interface SessionHandler {
  hello(): AgentFrameOf<'hello'>;
  opened(frame: ServerFrameOf<'welcome'> | ServerFrameOf<'renew-only'>, peer: SessionPeer): void;
  frame(frame: ServerFrame, peer: SessionPeer): void;
  vitals(): Promise<Vitals>;
  /** Called with every heartbeat: the session's pulse for whatever must be looked at now and then. */
  beat(peer: SessionPeer): void;
  closed(): void;
}

export interface SessionOptions {
  readonly url: URL;
  readonly trust: DialTrust;
  readonly dialler: Dialler;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly handler: SessionHandler;
  readonly signal: AbortSignal;
}

/** Resolves when the session has ended; the error side means that it never began. */
export async function runSession(options: SessionOptions): Promise<Result<SessionEnd, unknown>> {
  try {
    const socket = await connectSocket(options);
    return ok(await converse(socket, options));
  } catch (cause) {
    return err(cause);
  }
}

async function connectSocket({ url, trust, dialler }: SessionOptions): Promise<WebSocket> {
  const tls = await dialler.dial(url, trust);
  const address = new URL(GATEWAY_PATHS.session, url);
  address.protocol = 'wss:';
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address, {
      createConnection: () => tls,
      perMessageDeflate: false,
      maxPayload: FRAME_BYTES_MAX,
      handshakeTimeout: UPGRADE_TIMEOUT_MS,
    });
    socket.once('open', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

function converse(socket: WebSocket, options: SessionOptions): Promise<SessionEnd> {
  const { clock, handler, log, signal } = options;
  let generation: number | null = null;
  let ending: SessionEnd | null = null;
  let heardAt = clock.monotonic();
  let stopBeating = (): void => {};

  const peer: SessionPeer = {
    send(frame) {
      if (generation === null || socket.readyState !== WebSocket.OPEN) return false;
      return sendBounded(socket, { ...frame, generation }, log);
    },
    end(as) {
      ending ??= as;
      socket.close(1000);
      clock.after(UPGRADE_TIMEOUT_MS, () => socket.terminate());
    },
  };

  function receive(frame: ServerFrame): void {
    if (frame.kind === 'come-back') return peer.end({ kind: 'come-back', afterMs: frame.afterMs });
    if (frame.kind === 'refused') return peer.end({ kind: 'refused', code: frame.code, title: frame.title });
    if (generation === null) {
      if (frame.kind !== 'welcome' && frame.kind !== 'renew-only') return;
      generation = frame.generation;
      handler.opened(frame, peer);
      if (frame.kind === 'welcome') {
        stopWaiting();
        const silenceMs = (): number => clock.monotonic() - heardAt;
        stopBeating = startBeating(socket, frame.heartbeatIntervalMs, { peer, silenceMs, options });
      }
      return;
    }
    // Something late from another session: never taken for this one.
    if (frame.generation !== generation) return;
    handler.frame(frame, peer);
  }

  const stopWaiting = clock.after(WELCOME_WAIT_MS, () => {
    log.warn('no welcome', { seconds: WELCOME_WAIT_MS / SECOND_MS });
    socket.terminate();
  });
  const stop = (): void => peer.end({ kind: 'closed', wasWelcomed: generation !== null });
  signal.addEventListener('abort', stop, { once: true });
  socket.on('message', (data) => {
    heardAt = clock.monotonic();
    const parsed = parseServerFrame(textOf(data));
    if (parsed.ok) receive(parsed.value);
    else log.warn('the server sent what is no frame', { error: parsed.error });
  });
  socket.on('pong', () => {
    heardAt = clock.monotonic();
  });
  socket.on('error', (cause) => log.warn('the session broke', { cause: String(cause) }));
  return new Promise((resolve) => {
    socket.once('close', () => {
      stopWaiting();
      stopBeating();
      signal.removeEventListener('abort', stop);
      handler.closed();
      resolve(ending ?? { kind: 'closed', wasWelcomed: generation !== null });
    });
    if (signal.aborted) stop();
    else socket.send(JSON.stringify(handler.hello()));
  });
}

function sendBounded(
  socket: WebSocket,
  frame: { readonly kind: string; readonly generation: number },
  log: AgentLog,
): boolean {
  const { bufferedAmount } = socket;
  if (frame.kind === 'output' && bufferedAmount > SEND_BUFFER_BYTES_MAX) return false;
  if (bufferedAmount > UNREAD_BYTES_MAX) {
    log.warn('the server reads nothing', { waitingBytes: bufferedAmount });
    socket.terminate();
    return false;
  }
  socket.send(JSON.stringify(frame));
  return true;
}

/** Heartbeats with vitals; ends a session that has gone silent. */
function startBeating(
  socket: WebSocket,
  intervalMs: number,
  at: {
    readonly peer: SessionPeer;
    readonly silenceMs: () => number;
    readonly options: SessionOptions;
  },
): () => void {
  const { clock, handler, log } = at.options;
  async function beat(): Promise<void> {
    if (at.silenceMs() > SESSION_SILENCE_MAX_MS) return socket.terminate();
    socket.ping();
    handler.beat(at.peer);
    const vitals = await handler.vitals();
    at.peer.send({ kind: 'heartbeat', clock: toTimestamp(clock.now()), vitals });
  }
  const safely = (): void => {
    beat().catch((cause: unknown) => log.warn('heartbeat failed', { cause: String(cause) }));
  };
  safely();
  return clock.every(intervalMs, safely);
}

const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)).toString(
    'utf8',
  );
