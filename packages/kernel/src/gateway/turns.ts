/**
 * What sessions say, handled in turns of the event loop.
 *
 * Problem: the runtime hands over all that lies in thousands of sockets before it looks at a timer or at a request again. A
 * fleet that speaks at once, or whose line is cut, would keep everybody else waiting for half a second.
 *
 * Rule: what comes is handled at once while its turn of the loop has time left. From then on it stands in one line, first
 * come first served, so that the words of a session keep their order and its end comes after them; the line is worked off
 * in slices, with a look at the sockets between two of them.
 *
 * Limits: what waits is bounded by WAITING_BYTES_MAX. Above it the oldest is handled at once: then the loop stands still
 * for longer, but the memory is bounded and nothing is lost. Reading from a socket itself cannot be put off.
 */
import { BoundedQueue, bytes, type Clock } from '@pilothouse/base';

/** A fifth of what the loop may stand still: work that is handed on in the same turn costs as much again. */
const SLICE_MS = 10;
/** Two frames of the largest size and some ten thousand small ones. */
const WAITING_BYTES_MAX = bytes.mib(32);
/** What even an empty piece of work holds. */
const WORK_BYTES_MIN = 512;

interface Waiting {
  readonly sizeBytes: number;
  readonly work: () => void;
}

export class Turns {
  readonly #clock: Pick<Clock, 'monotonic'>;
  // Its length is bounded by what each piece counts for at least.
  readonly #line = new BoundedQueue<Waiting>(WAITING_BYTES_MAX / WORK_BYTES_MIN + 1);
  #waitingBytes = 0;
  /** When this turn's first piece of work began; null: none has, in this turn. */
  #beganAt: number | null = null;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Now, or when all that came before it is done. */
  take(sizeBytes: number, work: () => void): void {
    if (this.#line.length === 0 && this.#hasTime()) return work();
    const cost = Math.max(sizeBytes, WORK_BYTES_MIN);
    this.#waitingBytes += cost;
    this.#line.push({ sizeBytes: cost, work });
    while (this.#waitingBytes > WAITING_BYTES_MAX) this.#runNext();
  }

  /** All that waits, at once: for the end. */
  finish(): void {
    while (this.#line.length > 0) this.#runNext();
  }

  #hasTime(): boolean {
    if (this.#beganAt !== null) return this.#clock.monotonic() - this.#beganAt < SLICE_MS;
    this.#beganAt = this.#clock.monotonic();
    setImmediate(() => this.#nextTurn());
    return true;
  }

  #nextTurn(): void {
    this.#beganAt = null;
    // Sets the next turn up first, so that work that throws does not leave the line standing.
    while (this.#line.length > 0 && this.#hasTime()) this.#runNext();
  }

  #runNext(): void {
    const next = this.#line.shift();
    if (next === undefined) return;
    this.#waitingBytes -= next.sizeBytes;
    next.work();
  }
}
