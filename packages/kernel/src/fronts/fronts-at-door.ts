import type { Duplex } from 'node:stream';
import type { Clock } from '@pilothouse/base';
import type { Gateway, ListenerKeys } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import { CarriedSessions } from './carried-sessions.ts';
import { FrontStats } from './front-stats.ts';
import { type KeysNote, LINK_PROTOCOL } from './leader-link.ts';
import { FRONT_LIMITS } from './limits.ts';
import { Link, type LinkMessage } from './link.ts';

/** A front as the leader knows it. */
export interface FrontAtDoor {
  readonly name: string;
  readonly sessions: number;
  readonly bytesWaiting: number;
  /** Null until its first word. */
  readonly stats: FrontStats | null;
}

interface Front {
  readonly name: string;
  readonly link: Link;
  readonly sessions: CarriedSessions;
  /** It hands nobody to this leader any more. */
  readonly held: PromiseWithResolvers<void>;
  readonly closed: PromiseWithResolvers<void>;
  stats: FrontStats | null;
  /** By the monotonic clock. */
  heardAt: number;
}

/** At the leader: the links of all fronts. */
export class FrontsAtDoor {
  readonly #agents: Pick<Gateway, 'arrived' | 'keys'>;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #fronts = new Set<Front>();

  constructor({
    agents,
    clock,
    log,
  }: {
    readonly agents: Pick<Gateway, 'arrived' | 'keys' | 'onKeys'>;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#clock = clock;
    this.#agents = agents;
    this.#log = log;
    agents.onKeys((keys) => {
      for (const { link } of this.#fronts) link.send('keys', 0, noteOf(keys));
    });
  }

  list(): readonly FrontAtDoor[] {
    return [...this.#fronts].map(({ name, link, sessions, stats }) => ({
      name,
      sessions: sessions.count,
      bytesWaiting: link.waitingBytes,
      stats,
    }));
  }

  begin(from: { readonly name: string; readonly isFar: boolean }, socket: Duplex, head: Buffer): void {
    const { name } = from;
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${LINK_PROTOCOL}\r\n\r\n`,
    );
    if (head.length > 0) socket.unshift(head);
    const link = new Link(socket, {
      message: (message) => this.#receive(front, message),
      closed: () => this.#lost(front),
    });
    const front: Front = {
      name,
      link,
      sessions: new CarriedSessions(link, this.#agents.arrived),
      held: Promise.withResolvers(),
      closed: Promise.withResolvers(),
      stats: null,
      heardAt: this.#clock.monotonic(),
    };
    this.#fronts.add(front);
    if (from.isFar) this.#watch(front);
    this.#log.info('a front came', { front: name });
    link.send('keys', 0, noteOf(this.#agents.keys()));
  }

  /** Asks them to keep what comes for the next leader; resolves when all have said so. */
  async hold(): Promise<void> {
    const fronts = [...this.#fronts];
    for (const { link } of fronts) link.send('leaving');
    await Promise.all(fronts.map(({ held }) => held.promise));
  }

  /** Resolves when every front has read what was sent to it. */
  async end(): Promise<void> {
    const fronts = [...this.#fronts];
    for (const { link } of fronts) link.end();
    await Promise.all(fronts.map(({ closed }) => closed.promise));
  }

  /** Ends the links that are still there. */
  drop(): void {
    for (const { link } of this.#fronts) link.destroy();
  }

  /** Whoever is on another machine can vanish without a word: each side says now and then that it is there. */
  #watch(front: Front): void {
    const stop = this.#clock.every(FRONT_LIMITS.aliveMs, () => {
      front.link.send('alive');
      if (this.#clock.monotonic() - front.heardAt < FRONT_LIMITS.frontSilentMs) return;
      this.#log.warn('a front of another machine is silent', { front: front.name });
      front.link.destroy();
    });
    void front.closed.promise.then(stop);
  }

  #receive(front: Front, message: LinkMessage): void {
    front.heardAt = this.#clock.monotonic();
    try {
      if (message.kind === 'held') front.held.resolve();
      else if (message.kind === 'stats')
        front.stats = FrontStats.parse(JSON.parse(message.payload.toString('utf8')));
      else front.sessions.receive(message);
    } catch (cause) {
      this.#log.error('a front said what none of ours says', { front: front.name, cause });
      front.link.destroy();
    }
  }

  #lost(front: Front): void {
    this.#fronts.delete(front);
    front.held.resolve();
    front.closed.resolve();
    front.sessions.lost();
    this.#log.info('a front left', { front: front.name });
  }
}

const noteOf = ({ ticketKeys, keyPem, chainPem }: ListenerKeys): string =>
  JSON.stringify({ keyPem, chainPem, ticketKeys: ticketKeys.toString('base64') } satisfies KeysNote);
