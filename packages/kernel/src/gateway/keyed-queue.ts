/** Runs work of one key in the order it came and of different keys side by side. Empty keys take no memory. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<void>>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(work);
    // The next one of this key starts whatever became of this; its own caller hears of a failure.
    const tail = result.then(
      () => {},
      () => {},
    );
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    return result;
  }

  /** Resolves when everything that was queued so far has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values());
  }
}
