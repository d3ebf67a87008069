import { StringDecoder } from 'node:string_decoder';
import type { OutputChunk } from '@pilothouse/contract';

/** Output waits this long for company, so that a chatty program costs frames by time and not by line. */
export const FLUSH_MS = 100;
/** Text a frame carries at most. */
const FRAME_TEXT_MAX = 64 * 1024;

/**
 * The live view of one task's output, under the server's credit. Without credit it counts and drops: the outcome carries
 * everything.
 */
export class LiveOutput {
  #creditBytes: number;
  #offsetBytes = 0;
  #waiting: OutputChunk[] = [];
  #waitingFrom = 0;
  #waitingSize = 0;
  /** A letter may arrive in two pieces. */
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };

  constructor(creditBytes: number) {
    this.#creditBytes = creditBytes;
  }

  grant(bytes: number): void {
    this.#creditBytes += bytes;
  }

  add(stream: 'stdout' | 'stderr', piece: Buffer): void {
    if (piece.length === 0) return;
    if (this.#waiting.length === 0) this.#waitingFrom = this.#offsetBytes;
    this.#offsetBytes += piece.length;
    if (piece.length > this.#creditBytes || this.#waitingSize + piece.length > FRAME_TEXT_MAX) return;
    this.#creditBytes -= piece.length;
    this.#waitingSize += piece.length;
    const last = this.#waiting.at(-1);
    const text = this.#decoders[stream].write(piece);
    if (last?.stream === stream) this.#waiting[this.#waiting.length - 1] = { stream, text: last.text + text };
    else if (this.#waiting.length < 256) this.#waiting.push({ stream, text });
  }

  /** What to send now, or null. */
  take(): { offsetBytes: number; chunks: OutputChunk[] } | null {
    if (this.#waiting.length === 0) return null;
    const taken = { offsetBytes: this.#waitingFrom, chunks: this.#waiting };
    this.#waiting = [];
    this.#waitingSize = 0;
    return taken;
  }
}
