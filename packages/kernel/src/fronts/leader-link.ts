/**
 * A front's way to whoever leads.
 *
 * Problem: leaders end and others take their place; what comes to a front meanwhile should wait a little rather than fail,
 * and not wait for ever.
 *
 * Rule: one link at a time. Lost, it is opened again and again with a short pause. Whoever needs the leader waits for
 * `ready`, for a bounded time. A leader that leaves in order says so first; from then on nobody is handed to it any more,
 * and what it was handed before it still answers.
 */
import { Agent, request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@pilothouse/base';
import { z } from 'zod';
import type { ListenerKeys } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import { FRONT_LIMITS } from './limits.ts';
import { Link, type LinkMessage } from './link.ts';

/** On the leader's door. */
export const LINK_PATH = '/link';
export const LINK_PROTOCOL = 'pilothouse-link';

export const KeysNote = z.object({ keyPem: z.string(), chainPem: z.string(), ticketKeys: z.base64() });
export type KeysNote = z.infer<typeof KeysNote>;

/** One leader, for as long as it leads. */
export interface Leader {
  readonly link: Link;
  /** Connections for requests to it. */
  readonly agent: Agent;
}

export interface LeaderLinkOptions {
  /** The socket of the leader's door. */
  readonly path: string;
  /** Of this front, for the leader's measures. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
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
  #isClosed = false;

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
    this.#link?.end();
    this.#leader?.agent.destroy();
  }

  async #connect(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const socket = await dial(this.#options);
        if (this.#isClosed) return void socket.destroy();
        return this.#begin(socket);
      } catch (cause) {
        this.#options.log.debug('no leader', { cause });
        await new Promise<void>((resolve) => {
          this.#options.clock.after(FRONT_LIMITS.leaderRetryMs, resolve);
        });
      }
    }
  }

  #begin(socket: Duplex): void {
    const link = new Link(socket, {
      message: (message) => this.#receive(link, message),
      closed: () => this.#lost(link),
    });
    this.#link = link;
  }

  #receive(link: Link, message: LinkMessage): void {
    if (message.kind === 'keys') return this.#keys(link, message.payload);
    if (message.kind === 'leaving') {
      this.#rest();
      link.send('held');
      return;
    }
    this.#options.message(message);
  }

  #keys(link: Link, payload: Buffer): void {
    const note = KeysNote.parse(JSON.parse(payload.toString('utf8')));
    this.#options.keys({ ...note, ticketKeys: Buffer.from(note.ticketKeys, 'base64') });
    if (this.#leader !== null) return;
    // The first word of a leader: it is there for whoever waits.
    const agent = new Agent({ keepAlive: true, maxSockets: FRONT_LIMITS.requestsMax });
    this.#leader = { link, agent };
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
    this.#rest();
    this.#options.lost();
    if (this.#isClosed) return;
    this.#options.log.warn('leader lost', {});
    void this.#connect();
  }
}

function dial({ path, name }: LeaderLinkOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asked = request({
      socketPath: path,
      path: LINK_PATH,
      agent: false,
      headers: { connection: 'upgrade', upgrade: LINK_PROTOCOL, 'x-pilothouse-front': name },
    });
    asked.once('upgrade', (_, socket, head) => {
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
