import type { Clock } from '@pilothouse/base';

/** Resolves after the time; never when `over` is aborted first. */
export const wait = (clock: Clock, delayMs: number, over: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const cancel = clock.after(delayMs, resolve);
    over.addEventListener('abort', cancel, { once: true });
  });
