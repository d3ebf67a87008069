import { z } from 'zod';
import type { Arrival, SessionSocket } from '../gateway/index.ts';
import { CarriedSocket } from './carried-socket.ts';
import type { Link, LinkMessage } from './link.ts';

/** What a front says of an agent that came to it. */
export const ArrivalNote = z.object({
  path: z.string(),
  address: z.string(),
  /** DER in base64; null: it showed none. */
  certificate: z.base64().nullable(),
});
export type ArrivalNote = z.infer<typeof ArrivalNote>;

interface Carried {
  socket: CarriedSocket | null;
  readonly opened: PromiseWithResolvers<SessionSocket>;
}

/** At the leader: the agents of one front, from their arrival to their end. */
export class CarriedSessions {
  readonly #link: Link;
  readonly #arrived: (arrival: Arrival) => void;
  readonly #sessions = new Map<number, Carried>();

  constructor(link: Link, arrived: (arrival: Arrival) => void) {
    this.#link = link;
    this.#arrived = arrived;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** A message about one session. */
  receive({ kind, session, payload }: LinkMessage): void {
    if (kind === 'arrive') return this.#arrive(session, payload);
    const carried = this.#sessions.get(session);
    // Its end and this word crossed on the way.
    if (carried === undefined) return;
    if (kind === 'closed') return this.#ended(session, carried);
    if (kind === 'opened') {
      carried.socket = new CarriedSocket(this.#link, session);
      carried.opened.resolve(carried.socket);
      return;
    }
    const { socket } = carried;
    if (kind === 'text') socket?.heard({ event: 'message', data: payload, isBinary: false });
    if (kind === 'binary') socket?.heard({ event: 'message', data: payload, isBinary: true });
    if (kind === 'ping') socket?.heard({ event: 'ping' });
    if (kind === 'taken') socket?.taken(Number(payload.toString('latin1')));
    if (kind === 'broken') socket?.broken();
  }

  /** The front is gone, and the connections with it. */
  lost(): void {
    for (const [session, carried] of this.#sessions) this.#ended(session, carried);
  }

  #arrive(session: number, payload: Buffer): void {
    const { path, address, certificate } = ArrivalNote.parse(JSON.parse(payload.toString('utf8')));
    const carried: Carried = { socket: null, opened: Promise.withResolvers() };
    // Whoever accepts hears of it; it may end before anybody did.
    carried.opened.promise.catch(() => undefined);
    this.#sessions.set(session, carried);
    const forget = (kind: 'refuse' | 'drop', answer = ''): void => {
      // It is open already: whoever holds it hears of its end as of any other's.
      if (carried.socket !== null) return carried.socket.terminate();
      this.#sessions.delete(session);
      this.#link.send(kind, session, answer);
    };
    this.#arrived({
      path,
      address,
      certificate: certificate === null ? null : Buffer.from(certificate, 'base64'),
      accept: () => {
        this.#link.send('accept', session);
        return carried.opened.promise;
      },
      refuse: (answer) => forget('refuse', answer),
      drop: () => forget('drop'),
    });
  }

  #ended(session: number, { socket, opened }: Carried): void {
    this.#sessions.delete(session);
    if (socket === null) opened.reject(new Error('closed before the upgrade'));
    else socket.ended();
  }
}
