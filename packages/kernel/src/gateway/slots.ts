import { AppError } from '@pilothouse/contract';

/** What a peer that found no slot is asked to wait. */
export const BUSY_SECONDS = 5;

/** Counts work under way by key. What would exceed the limit is refused at once, or waits for its turn where it may. */
export class Slots {
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  /** AppError GATEWAY_BUSY when so much is under way already. */

  async within<T>(key: string, max: number, work: () => Promise<T>): Promise<T> {
    const count = this.#counts.get(key) ?? 0;
    if (count >= max) throw new AppError('GATEWAY_BUSY', { seconds: BUSY_SECONDS });
    this.#counts.set(key, count + 1);
    try {
      return await work();
    } finally {
      this.#free(key);
    }
  }

  /** Waits for its turn, first come first served. AppError GATEWAY_BUSY when so many are waiting already. */
  async inTurn<T>(
    key: string,
    limits: { readonly max: number; readonly waitingMax: number },
    work: () => Promise<T>,
  ): Promise<T> {
    const count = this.#counts.get(key) ?? 0;
    if (count < limits.max) return this.within(key, limits.max, work);
    const queue = this.#waiting.get(key) ?? [];
    if (queue.length >= limits.waitingMax) throw new AppError('GATEWAY_BUSY', { seconds: BUSY_SECONDS });
    this.#waiting.set(key, queue);
    // Whoever frees a slot hands it over, so the count stays as it is.
    await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await work();
    } finally {
      this.#free(key);
    }
  }

  #free(key: string): void {
    const queue = this.#waiting.get(key);
    const next = queue?.shift();
    if (queue?.length === 0) this.#waiting.delete(key);
    if (next !== undefined) return next();
    const left = (this.#counts.get(key) ?? 1) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
