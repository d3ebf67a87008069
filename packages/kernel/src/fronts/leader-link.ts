/**
 * A front's way to whoever leads.
 *
 * Problem: leaders end and others take their place; what comes to a front meanwhile should wait a little rather than fail,
 * and not wait for ever.
 *
 * Rule: one link at a time. Lost, it is opened again and again with a short pause. Whoever needs the leader waits for
 * `ready`, for a bounded time. A leader that leaves in order says so first; from then on nobody is handed to it any more,
 * and what it was handed before it still answers.
 *
 * With several machines the way is asked for again and again, since the leader may be on another one by now. A leader that
 * has been silent for a while, or that is not the one whom the database names, is given up with all that waits for it: what
 * may be asked twice is sent to the next.
 */
import type { Agent, ClientRequest, RequestOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@pilothouse/base';
import { z } from 'zod';
import type { ListenerKeys } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import type { LeaderWay } from './leader-way.ts';
import { FRONT_LIMITS } from './limits.ts';
import { Link, type LinkMessage } from './link.ts';

/** On the leader's door. */
export const LINK_PATH = '/link';
export const LINK_PROTOCOL = 'pilothouse-link';
/** Where a leader is told, by the one after it, that its term is over. */
export const TERM_PATH = '/term';
export const TERM_HEADER = 'x-pilothouse-term';

export const KeysNote = z.object({ keyPem: z.string(), chainPem: z.string(), ticketKeys: z.base64() });
export type KeysNote = z.infer<typeof KeysNote>;

/** One leader, for as long as it leads. */
export interface Leader {
  readonly link: Link;
  /** Connections for requests to it. */
  readonly agent: Agent;
  readonly ask: (options: RequestOptions) => ClientRequest;
}

export interface LeaderLinkOptions {
  /** The way to whoever leads now; null while nobody has ever led. May be refused, and is asked for again. */
  readonly find: () => Promise<LeaderWay | null>;
  /** Whether the leader can come to be on another machine. */
  readonly canMove: boolean;
  /** Of this front, for the leader's measures. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Why there was no way to a leader, each time. */
  refused?(cause: unknown): void;
  keys(keys: ListenerKeys): void;
  /** A message about one session. */
  message(message: LinkMessage): void;
  /** The link is up. */
  opened(link: Link): void;
  /** All sessions of that link are void. */
  lost(): void;
}

export class LeaderLink {
  readonly #options: LeaderLinkOptions;
  /** Null while nobody may be handed to a leader. */
  #leader: Leader | null = null;
  #ready = Promise.withResolvers<Leader>();
  #link: Link | null = null;
  #way: LeaderWay | null = null;
  #agent: Agent | null = null;
  #heardAt = 0;
  /** It has said so: what it says from then on makes it no leader again. */
  #isLeaving = false;
  #isClosed = false;
  #stopLooking = (): void => undefined;

  constructor(options: LeaderLinkOptions) {
    this.#options = options;
  }

  get link(): Link | null {
    return this.#link;
  }

  get hasLeader(): boolean {
    return this.#leader !== null;
  }

  start(): void {
    void this.#connect();
  }

  /** The leader, now or when there is one again; null when that took too long. */
  async ready(): Promise<Leader | null> {
    if (this.#leader !== null) return this.#leader;
    let cancel = (): void => undefined;
    const late = new Promise<null>((resolve) => {
      cancel = this.#options.clock.after(FRONT_LIMITS.leaderWaitMs, () => resolve(null));
    });
    try {
      return await Promise.race([this.#ready.promise, late]);
    } finally {
      cancel();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stopLooking();
    this.#link?.end();
    this.#agent?.destroy();
  }

  async #connect(): Promise<void> {
    const { name, find, canMove, clock, log } = this.#options;
    while (!this.#isClosed) {
      try {
        const way = await find();
        if (way !== null) {
          const socket = await dial(way, name);
          if (this.#isClosed) return void socket.destroy();
          return this.#begin(way, socket);
        }
      } catch (cause) {
        this.#options.refused?.(cause);
        log.debug('no leader', { cause });
      }
      await new Promise<void>((resolve) => {
        clock.after(canMove ? FRONT_LIMITS.farRetryMs : FRONT_LIMITS.leaderRetryMs, resolve);
      });
    }
  }

  #begin(way: LeaderWay, socket: Duplex): void {
    const link = new Link(socket, {
      message: (message) => this.#receive(link, message),
      closed: () => this.#lost(link),
    });
    this.#link = link;
    this.#way = way;
    this.#isLeaving = false;
    if (this.#options.canMove) this.#watch(way, link);
  }

  /** Looks whether this is still who leads. */
  #watch({ term, isFar }: LeaderWay, link: Link): void {
    const { clock, log, find } = this.#options;
    this.#heardAt = clock.monotonic();
    const leave = (text: string): void => {
      if (this.#link !== link) return;
      log.warn(text, { term });
      link.destroy();
    };
    this.#stopLooking = clock.every(FRONT_LIMITS.leaderLookMs, () => {
      if (isFar && clock.monotonic() - this.#heardAt > FRONT_LIMITS.leaderSilentMs)
        return leave('the leader is silent');
      find().then(
        (now) => {
          if (now !== null && now.term > term) leave('another leads');
        },
        (cause: unknown) => log.debug('nobody says who leads', { cause }),
      );
    });
  }

  #receive(link: Link, message: LinkMessage): void {
    this.#heardAt = this.#options.clock.monotonic();
    if (message.kind === 'alive') return;
    if (message.kind === 'keys') return this.#keys(link, message.payload);
    if (message.kind === 'leaving') {
      this.#isLeaving = true;
      this.#rest();
      link.send('held');
      return;
    }
    this.#options.message(message);
  }

  #keys(link: Link, payload: Buffer): void {
    const note = KeysNote.parse(JSON.parse(payload.toString('utf8')));
    this.#options.keys({ ...note, ticketKeys: Buffer.from(note.ticketKeys, 'base64') });
    const way = this.#way;
    if (this.#leader !== null || this.#isLeaving || way === null) return;
    // The first word of a leader: it is there for whoever waits.
    this.#agent = way.newAgent();
    this.#leader = { link, agent: this.#agent, ask: way.ask };
    this.#options.log.info('leader found', {});
    this.#options.opened(link);
    this.#ready.resolve(this.#leader);
  }

  /** Whoever needs a leader from now on waits for the next one. */
  #rest(): void {
    if (this.#leader === null) return;
    this.#leader = null;
    this.#ready = Promise.withResolvers();
  }

  #lost(link: Link): void {
    if (this.#link !== link) return;
    this.#link = null;
    this.#stopLooking();
    this.#rest();
    // Requests to a machine that vanished would wait for an answer for a quarter of an hour.
    if (this.#way?.isFar === true) this.#agent?.destroy();
    this.#options.lost();
    if (this.#isClosed) return;
    this.#options.log.warn('leader lost', {});
    void this.#connect();
  }
}

function dial(way: LeaderWay, name: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asked = way.ask({
      path: LINK_PATH,
      agent: false,
      headers: { connection: 'upgrade', upgrade: LINK_PROTOCOL, 'x-pilothouse-front': name },
      ...(way.isFar ? { timeout: FRONT_LIMITS.farConnectMs } : {}),
    });
    asked.once('timeout', () => asked.destroy(new Error('the leader does not answer')));
    asked.once('upgrade', (_, socket, head) => {
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asked.once('response', (response) => {
      response.resume();
      reject(new Error(`the leader's door answered ${response.statusCode}`));
    });
    asked.once('error', reject);
    asked.end();
  });
}
