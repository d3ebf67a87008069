import { AppError } from '@pilothouse/contract';

/** What a peer that found no slot is asked to wait. */
export const BUSY_SECONDS = 5;

/** Counts work under way by key. What would exceed the limit is refused at once: AppError GATEWAY_BUSY. */
export class Slots {
  readonly #counts = new Map<string, number>();

  async within<T>(key: string, max: number, work: () => Promise<T>): Promise<T> {
    const count = this.#counts.get(key) ?? 0;
    if (count >= max) throw new AppError('GATEWAY_BUSY', { seconds: BUSY_SECONDS });
    this.#counts.set(key, count + 1);
    try {
      return await work();
    } finally {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
  }
}
