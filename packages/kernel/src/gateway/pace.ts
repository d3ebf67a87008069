/**
 * A leaky bucket in bytes: how long a peer has to wait before it is read again. Waiting rather than refusing lets a busy
 * agent slow down by itself; it delays nobody but itself.
 */
export class Pace {
  readonly #perSecond: number;
  readonly #burst: number;
  #level = 0;
  #at: number;

  constructor(options: { readonly perSecond: number; readonly burst: number; readonly nowMs: number }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#at = options.nowMs;
  }

  /** Takes `cost` and returns the milliseconds to wait before the next; 0 while the burst is not used up. */
  take(cost: number, nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - this.#at);
    this.#at = nowMs;
    this.#level = Math.max(0, this.#level - (elapsedMs * this.#perSecond) / 1000) + cost;
    const over = this.#level - this.#burst;
    return over <= 0 ? 0 : Math.ceil((over * 1000) / this.#perSecond);
  }
}
