import type { Duplex } from 'node:stream';
import type { Gateway, ListenerKeys } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import { CarriedSessions } from './carried-sessions.ts';
import { FrontStats } from './front-stats.ts';
import { type KeysNote, LINK_PROTOCOL } from './leader-link.ts';
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
}

/** At the leader: the links of all fronts. */
export class FrontsAtDoor {
  readonly #agents: Pick<Gateway, 'arrived' | 'keys'>;
  readonly #log: Log;
  readonly #fronts = new Set<Front>();

  constructor({
    agents,
    log,
  }: {
    readonly agents: Pick<Gateway, 'arrived' | 'keys' | 'onKeys'>;
    readonly log: Log;
  }) {
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

  begin(name: string, socket: Duplex, head: Buffer): void {
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
    };
    this.#fronts.add(front);
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

  #receive(front: Front, message: LinkMessage): void {
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
