import { EventEmitter } from 'node:events';
import type { SessionSocket } from '../gateway/index.ts';
import { FRONT_LIMITS } from './limits.ts';
import type { Link } from './link.ts';

const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

type Heard =
  | { readonly event: 'message'; readonly data: Buffer; readonly isBinary: boolean }
  | { readonly event: 'ping' };

/**
 * Stands at the leader for the WebSocket of an agent that a front holds. Like the library's, but what comes before anybody
 * listens is kept for the one who will: opening and first frame may arrive in one piece.
 */
export class CarriedSocket extends EventEmitter implements SessionSocket {
  readonly OPEN = OPEN;
  readonly #link: Link;
  readonly #session: number;
  #readyState = OPEN;
  /** Sent, and not yet taken by the agent's connection. The front says so in steps. */
  #untakenBytes = 0;
  readonly #unheard: Heard[] = [];

  constructor(link: Link, session: number) {
    super();
    this.#link = link;
    this.#session = session;
    this.on('newListener', (event: string) => {
      if (event === 'message') queueMicrotask(() => this.#catchUp());
    });
  }

  get readyState(): number {
    return this.#readyState;
  }

  get bufferedAmount(): number {
    // Nothing more fits while the link itself is full.
    return this.#link.isFull ? Number.MAX_SAFE_INTEGER : this.#untakenBytes;
  }

  send(text: string): void {
    if (this.#readyState !== OPEN) return;
    this.#untakenBytes += this.#link.send('text', this.#session, text);
  }

  close(code: number): void {
    if (this.#readyState !== OPEN) return;
    this.#readyState = CLOSING;
    this.#link.send('close', this.#session, String(code));
  }

  terminate(): void {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSING;
    this.#link.send('cut', this.#session);
  }

  pause(): void {
    this.#link.send('pause', this.#session);
  }

  resume(): void {
    this.#link.send('resume', this.#session);
  }

  /** What the front says of the connection. */
  heard(heard: Heard): void {
    if (this.#readyState === CLOSED) return;
    if (this.#unheard.length === 0 && this.listenerCount('message') > 0) return this.#tell(heard);
    if (this.#unheard.length >= FRONT_LIMITS.unheardFramesMax) return this.terminate();
    this.#unheard.push(heard);
  }

  taken(bytes: number): void {
    this.#untakenBytes = Math.max(0, this.#untakenBytes - bytes);
  }

  broken(): void {
    if (this.listenerCount('error') > 0) this.emit('error', new Error('the connection broke'));
  }

  ended(): void {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSED;
    this.emit('close');
  }

  #catchUp(): void {
    while (this.#unheard.length > 0 && this.listenerCount('message') > 0) {
      const next = this.#unheard.shift();
      if (next !== undefined) this.#tell(next);
    }
  }

  #tell(heard: Heard): void {
    if (heard.event === 'ping') this.emit('ping');
    else this.emit('message', heard.data, heard.isBinary);
  }
}
