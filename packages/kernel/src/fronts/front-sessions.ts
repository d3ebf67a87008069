import type { Clock } from '@pilothouse/base';
import type { RawData } from 'ws';
import { type Arrival, endSocket, type OpenSocket } from '../gateway/index.ts';
import type { ArrivalNote } from './carried-sessions.ts';
import type { LeaderLink } from './leader-link.ts';
import { FRONT_LIMITS } from './limits.ts';
import type { Link, LinkMessage } from './link.ts';

interface Held {
  readonly arrival: Arrival<OpenSocket>;
  socket: OpenSocket | null;
  /** What the leader wants, and what the link's fill wants. */
  isPausedByLeader: boolean;
  isPausedByLink: boolean;
  takenBytes: number;
}

export interface FrontSessionsOptions {
  readonly leader: Pick<LeaderLink, 'ready' | 'link'>;
  readonly clock: Clock;
  readonly closeDeadlineMs: number;
  /** The bytes of an answer that tells an agent to come again. */
  readonly comeAgain: () => string;
}

/**
 * At a front: the connections of agents, from their arrival to their end. It reads and writes frames and judges none of
 * them. When the leader goes, every agent is asked to come back, spread over the time that a new leader needs to greet them.
 */
export class FrontSessions {
  readonly #options: FrontSessionsOptions;
  readonly #sessions = new Map<number, Held>();
  #last = 0;
  #waiting = 0;

  constructor(options: FrontSessionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Arrivals that wait for a leader. */
  get waiting(): number {
    return this.#waiting;
  }

  async arrived(arrival: Arrival<OpenSocket>): Promise<void> {
    if (this.#waiting >= FRONT_LIMITS.arrivalsWaitingMax) return arrival.refuse(this.#options.comeAgain());
    this.#waiting += 1;
    const leader = await this.#options.leader.ready().finally(() => {
      this.#waiting -= 1;
    });
    if (leader === null) return arrival.refuse(this.#options.comeAgain());
    this.#last += 1;
    this.#sessions.set(this.#last, {
      arrival,
      socket: null,
      isPausedByLeader: false,
      isPausedByLink: false,
      takenBytes: 0,
    });
    const { path, address, certificate } = arrival;
    const note: ArrivalNote = {
      path,
      address,
      certificate: certificate === null ? null : Buffer.from(certificate).toString('base64'),
    };
    leader.link.send('arrive', this.#last, JSON.stringify(note));
  }

  /** A message of the leader about one session. */
  receive({ kind, session, payload }: LinkMessage): void {
    const held = this.#sessions.get(session);
    if (held === undefined) return;
    if (kind === 'text') return this.#pass(session, held, payload);
    if (kind === 'accept') return this.#accept(session, held);
    if (kind === 'pause' || kind === 'resume') {
      held.isPausedByLeader = kind === 'pause';
      return this.#setFlow(held);
    }
    if (kind === 'close') return held.socket?.close(Number(payload.toString('latin1')));
    if (kind === 'cut') return held.socket === null ? held.arrival.drop() : held.socket.terminate();
    if (kind !== 'refuse' && kind !== 'drop') return;
    this.#sessions.delete(session);
    if (kind === 'drop') held.arrival.drop();
    else held.arrival.refuse(payload.toString('utf8'));
  }

  /** The link takes more again. */
  drained(): void {
    for (const held of this.#sessions.values()) {
      if (!held.isPausedByLink) continue;
      held.isPausedByLink = false;
      this.#setFlow(held);
    }
  }

  /** Asks every agent to come back, at once or spread over some time. */
  sendAway(spreadMsPerSession: number): void {
    const spanMs = this.#sessions.size * spreadMsPerSession;
    const { clock, closeDeadlineMs } = this.#options;
    let place = 0;
    for (const { arrival, socket } of this.#sessions.values()) {
      place += 1;
      if (socket === null) {
        arrival.refuse(this.#options.comeAgain());
        continue;
      }
      const afterMs = Math.round(FRONT_LIMITS.comeBackMs + (spanMs * place) / this.#sessions.size);
      if (socket.readyState === socket.OPEN)
        endSocket(socket, { kind: 'come-back', afterMs }, { clock, deadlineMs: closeDeadlineMs });
    }
    this.#sessions.clear();
  }

  #accept(session: number, held: Held): void {
    const link = this.#options.leader.link;
    held.arrival.accept().then(
      (socket) => {
        held.socket = socket;
        if (this.#sessions.get(session) !== held || link === null) return socket.terminate();
        link.send('opened', session);
        this.#carry(session, held, { socket, link });
      },
      () => {
        this.#sessions.delete(session);
        link?.send('closed', session);
      },
    );
  }

  #carry(
    session: number,
    held: Held,
    { socket, link }: { readonly socket: OpenSocket; readonly link: Link },
  ): void {
    socket.on('message', (data, isBinary) => {
      if (isBinary) link.send('binary', session);
      else link.send('text', session, bytesOf(data));
      if (!link.isFull) return;
      held.isPausedByLink = true;
      this.#setFlow(held);
    });
    socket.on('ping', () => void link.send('ping', session));
    socket.on('error', () => void link.send('broken', session));
    socket.on('close', () => {
      if (this.#sessions.get(session) === held) this.#sessions.delete(session);
      link.send('closed', session);
    });
  }

  #pass(session: number, held: Held, payload: Buffer): void {
    const { socket } = held;
    if (socket === null) return;
    socket.send(payload, { binary: false }, () => {
      held.takenBytes += payload.length;
      if (held.takenBytes < FRONT_LIMITS.takenBytesStep) return;
      this.#options.leader.link?.send('taken', session, String(held.takenBytes));
      held.takenBytes = 0;
    });
  }

  #setFlow({ socket, isPausedByLeader, isPausedByLink }: Held): void {
    if (socket === null || socket.readyState !== socket.OPEN) return;
    if (isPausedByLeader || isPausedByLink) socket.pause();
    else socket.resume();
  }
}

const bytesOf = (data: RawData): Uint8Array => {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
};
