/**
 * The connection between a front and the leader.
 *
 * Problem: ten thousand sessions as ten thousand connections would cost the leader a descriptor, buffers and a read each.
 *
 * Rule: one stream carries all sessions of a front as messages: length of what follows the head (4 bytes), kind (1), number
 * of the session (4), then bytes. What is sent in one turn leaves in one write. Order is kept, for all sessions together.
 *
 * Limits: whoever reads slowly fills `waitingBytes`; both sides look at it before they take more from anybody else. A
 * message that is larger than any of ours, or of no kind, ends the link: the other side is not what it should be.
 */
import type { Duplex } from 'node:stream';
import { FRONT_LIMITS } from './limits.ts';

/** Numbers on the wire are places in this list. Machines of an installation may be of two versions: new ones come last. */
export const LINK_KINDS = [
  // From the leader, of the installation.
  'keys',
  'leaving',
  // From a front, of itself.
  'held',
  'stats',
  // Of one session, from its front.
  'arrive',
  'opened',
  'taken',
  'binary',
  'ping',
  'broken',
  'closed',
  // Of one session, from the leader.
  'accept',
  'refuse',
  'drop',
  'pause',
  'resume',
  'close',
  'cut',
  // Of one session, both ways.
  'text',
  // From the leader, so that a machine that vanished is told from one that has nothing to say.
  'alive',
] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

export interface LinkMessage {
  readonly kind: LinkKind;
  /** 0 for what is of no session. */
  readonly session: number;
  readonly payload: Buffer;
}

const HEAD_BYTES = 9;
const NOTHING = Buffer.alloc(0);

export class Link {
  readonly #socket: Duplex;
  readonly #receive: (message: LinkMessage) => void;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  /** Bytes that have to be there before the next look. */
  #wantedBytes = HEAD_BYTES;
  #isCorked = false;

  /** `closed` is called once, whatever ends it. */
  constructor(
    socket: Duplex,
    events: { readonly message: (message: LinkMessage) => void; readonly closed: () => void },
  ) {
    this.#socket = socket;
    this.#receive = events.message;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.once('close', () => events.closed());
  }

  /** Bytes sent and not yet taken by the other side. */
  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  get isFull(): boolean {
    return this.#socket.writableLength > FRONT_LIMITS.linkBytesWaitingMax;
  }

  /** Returns the bytes of the payload. After the end it says nothing and returns them all the same. */
  send(kind: LinkKind, session = 0, payload: string | Uint8Array = NOTHING): number {
    const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
    if (!this.#socket.writable) return body.length;
    this.#cork();
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    head.writeUInt32BE(body.length, 0);
    head.writeUInt8(LINK_KINDS.indexOf(kind), 4);
    head.writeUInt32BE(session, 5);
    this.#socket.write(head);
    if (body.length > 0) this.#socket.write(body);
    return body.length;
  }

  onDrain(run: () => void): void {
    this.#socket.on('drain', run);
  }

  /** What was sent arrives first. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    setImmediate(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }

  #read(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes < this.#wantedBytes) return;
    const seen = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#sizeBytes);
    const rest = this.#readAll(seen);
    if (rest === null) return this.destroy();
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#sizeBytes = rest.length;
  }

  /** What is left; null when this is no link of ours. */
  #readAll(seen: Buffer): Buffer | null {
    let at = 0;
    for (;;) {
      this.#wantedBytes = HEAD_BYTES;
      if (seen.length - at < HEAD_BYTES) return seen.subarray(at);
      const length = seen.readUInt32BE(at);
      const kind = LINK_KINDS[seen.readUInt8(at + 4)];
      if (kind === undefined || length > FRONT_LIMITS.messageBytesMax) return null;
      this.#wantedBytes = HEAD_BYTES + length;
      if (seen.length - at < this.#wantedBytes) return seen.subarray(at);
      const session = seen.readUInt32BE(at + 5);
      const payload = seen.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
      at += HEAD_BYTES + length;
      this.#receive({ kind, session, payload });
    }
  }
}
