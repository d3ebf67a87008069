export interface BatchOptions<Item> {
  /** Carries out one batch; all of its items succeed or fail together. Never called while a batch is running. */
  readonly run: (items: readonly Item[]) => Promise<void>;
  readonly itemsPerBatchMax: number;
  /** Above this `add` rejects: whoever produces faster than batches run must hear of it. */
  readonly itemsWaitingMax: number;
}

/**
 * Group commit: what arrives while one batch is being carried out becomes the next batch. When ten thousand callers come
 * at once, each with a transaction of its own, the last waits for ten thousand disk flushes; so they share a few. When it is
 * quiet a batch is one item, and nobody waits longer than before: there is no timer.
 */
export function batchWhileBusy<Item>(options: BatchOptions<Item>): (item: Item) => Promise<void> {
  let waiting: { item: Item; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let isBusy = false;

  const drain = async () => {
    isBusy = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, options.itemsPerBatchMax);
      waiting = waiting.slice(options.itemsPerBatchMax);
      try {
        await options.run(batch.map(({ item }) => item));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isBusy = false;
  };

  return (item) => {
    if (waiting.length >= options.itemsWaitingMax)
      return Promise.reject(new Error(`${options.itemsWaitingMax} items wait already`));
    return new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // Errors reach each waiting caller through its own promise.
      if (!isBusy) void drain();
    });
  };
}
