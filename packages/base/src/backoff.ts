export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
}

/**
 * Exponential back-off with full jitter: a uniform draw from [0, min(max, first × 2^attempt)), so that ten thousand
 * clients that failed together do not return together. `random` is in [0, 1).
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: number): number {
  const ceiling = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return Math.floor(ceiling * random);
}
