/**
 * Hands requests that come to a front on to the leader.
 *
 * Problem: a leader may go at any moment, and nobody who asked should notice more than a pause; but what may have been done
 * must not be done twice.
 *
 * Rule: a request waits for a leader for a bounded time. Its body, when small, is kept until the answer begins. When the
 * leader goes before that, the request is sent to the next one if it reads, or if it brings an Idempotency-Key with
 * credentials, since then the leader itself knows it again; anything else is answered with FRONT_OUTCOME_UNKNOWN. An answer
 * that broke in its middle breaks for whoever reads it, too.
 *
 * Limits: bodies above `keptBodyBytesMax` (uploads of agents, which are asked for again) are sent once. What is lost with
 * `requestRepeatsMax` leaders after the first is sent to no other: it may be what ends them. One leader that is there and gives
 * no answer is tried for as long as one that is away is waited for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { AppError } from '@pilothouse/contract';
import type { Peer } from '../gateway/index.ts';
import type { Leader, LeaderLink } from './leader-link.ts';
import { FRONT_LIMITS } from './limits.ts';
import { type Door, headToLeader, headToPeer, NOT_TAKEN_HEADER } from './request-head.ts';

/** A request and where its answer goes. */
export interface Forwarded {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly peer: Peer;
  readonly door: Door;
}

export interface ForwarderOptions {
  readonly leader: Pick<LeaderLink, 'ready' | 'hasLeader'>;
  /** Answers with a refusal in the words of every other. */
  readonly refuse: (forwarded: Forwarded, refusal: AppError) => void;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
}

export interface Forwarder {
  /** Requests under way. */
  readonly count: number;
  readonly waiting: number;
  forward(forwarded: Forwarded): Promise<void>;
  /** Ends streams that would never end by themselves. */
  endStreams(): void;
}

/** How it went: unsent and lost are without an answer, and lost may have been carried out. */
type Went = 'answered' | 'unsent' | 'lost';

export function createForwarder(options: ForwarderOptions): Forwarder {
  /** Null until the leader's answer begins. */
  const open = new Map<ServerResponse, IncomingMessage | null>();
  const queue = createLeaderQueue(options.leader);

  async function carry(forwarded: Forwarded): Promise<void> {
    const body = await keptBody(forwarded.request);
    const lostWith = new Set<Leader>();
    let failing: { readonly leader: Leader | null; readonly since: number } = { leader: null, since: 0 };
    for (;;) {
      const leader = await queue.leaderFor(forwarded.request);
      if (forwarded.response.destroyed) return;
      const went = await attempt(leader, {
        ...forwarded,
        body,
        begun: (answer) => void open.set(forwarded.response, answer),
      });
      if (went === 'answered') return;
      if (went === 'lost') lostWith.add(leader);
      const now = options.monotonic();
      if (failing.leader !== leader) failing = { leader, since: now };
      const isEnough =
        lostWith.size > FRONT_LIMITS.requestRepeatsMax || now - failing.since > FRONT_LIMITS.leaderWaitMs;
      const mayRepeat = body !== null && !isEnough && (went === 'unsent' || isRepeatable(forwarded.request));
      if (!mayRepeat) throw went === 'unsent' ? away() : new AppError('FRONT_OUTCOME_UNKNOWN');
      // Its door is shut already, or the connections that were kept to it are dead; its link will say so in a moment.
      await new Promise((resolve) => setTimeout(resolve, FRONT_LIMITS.leaderRetryMs));
    }
  }

  return {
    get count() {
      return open.size;
    },
    get waiting() {
      return queue.waiting;
    },
    async forward(forwarded) {
      const { response } = forwarded;
      open.set(response, null);
      response.once('close', () => open.delete(response));
      try {
        // That this process lives is for itself to say.
        if (forwarded.request.url === '/healthz' && forwarded.door === 'api' && !options.leader.hasLeader)
          return void response.setHeader('content-type', 'application/json').end('{"status":"ok"}');
        await carry(forwarded);
      } catch (cause) {
        const refusal = cause instanceof AppError ? cause : new AppError('INTERNAL', {}, { cause });
        options.refuse(forwarded, refusal);
      }
    },
    endStreams() {
      for (const [response, answer] of open) {
        if (answer?.headers['content-type']?.startsWith('text/event-stream') !== true) continue;
        answer.unpipe(response);
        response.end();
      }
    },
  };
}

interface LeaderQueue {
  readonly waiting: number;
  leaderFor(request: IncomingMessage): Promise<Leader>;
}

/** Where requests wait for a leader: not too many, and not too long. */
function createLeaderQueue(leader: ForwarderOptions['leader']): LeaderQueue {
  let waiting = 0;
  return {
    get waiting() {
      return waiting;
    },
    async leaderFor({ url }) {
      if (waiting >= FRONT_LIMITS.requestsWaitingMax) throw away();
      // Whoever asks whether we are ready does not want to wait for it.
      if (url === '/readyz' && !leader.hasLeader) throw away();
      waiting += 1;
      try {
        const found = await leader.ready();
        if (found === null) throw away();
        return found;
      } finally {
        waiting -= 1;
      }
    },
  };
}

const away = (): AppError => new AppError('FRONT_LEADER_AWAY', { seconds: FRONT_LIMITS.retryAfterSeconds });

/** Who asks twice gets the same: it reads, or the leader knows it again by its key. */
function isRepeatable({ method, headers }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  const isSomebody = headers.authorization !== undefined || headers.cookie !== undefined;
  return isSomebody && headers['idempotency-key'] !== undefined;
}

/** All of a small body; null when it is not known to be small, and is left where it is. */
async function keptBody(request: IncomingMessage): Promise<Buffer | null> {
  const length = request.headers['content-length'];
  if (length === undefined && request.headers['transfer-encoding'] !== undefined) return null;
  const sizeBytes = Number(length ?? 0);
  if (!(sizeBytes <= FRONT_LIMITS.keptBodyBytesMax)) return null;
  const chunks: Buffer[] = [];
  // It cannot be more than it says: node's parser holds it to that.
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Attempt extends Forwarded {
  readonly body: Buffer | null;
  readonly begun: (answer: IncomingMessage) => void;
}

function attempt({ agent, ask }: Leader, what: Attempt): Promise<Went> {
  const { request, response, peer, door, body } = what;
  return new Promise((resolve) => {
    let isSent = false;
    const asked = ask({
      agent,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: headToLeader(request.rawHeaders, door, peer),
    });
    const leave = (): void => void asked.destroy();
    response.once('close', leave);
    asked.once('socket', (socket) => {
      const sent = (): void => {
        isSent = true;
      };
      // Nothing of a request leaves before the other side has proved itself.
      if (asked.reusedSocket || !(socket.connecting || socket instanceof TLSSocket)) sent();
      else socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', sent);
    });
    asked.once('response', (answer) => {
      response.off('close', leave);
      if (answer.headers[NOT_TAKEN_HEADER] !== undefined) {
        answer.resume();
        return resolve('unsent');
      }
      what.begun(answer);
      pass(answer, response);
      resolve('answered');
    });
    asked.on('error', () => {
      response.off('close', leave);
      if (response.destroyed) resolve('answered');
      else resolve(isSent ? 'lost' : 'unsent');
    });
    if (body === null) request.pipe(asked);
    else asked.end(body);
  });
}

function pass(answer: IncomingMessage, response: ServerResponse): void {
  response.once('close', () => answer.destroy());
  // An answer that is cut off must not look whole.
  answer.on('aborted', () => response.destroy());
  answer.on('error', () => response.destroy());
  if (response.destroyed) return;
  response.writeHead(answer.statusCode ?? 502, headToPeer(answer.rawHeaders));
  // A stream says that it is there before its first event.
  response.flushHeaders();
  answer.pipe(response);
}
