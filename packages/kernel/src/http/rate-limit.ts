import type { Clock } from '@pilothouse/base';

export interface RateLimitOptions {
  /** Attempts that may come at once. */
  readonly burst: number;
  /** Time in which one spent attempt comes back. */
  readonly refillMs: number;
  /** Keys remembered. When full the one that waited longest is forgotten: memory is bounded, patience is not lost for the busy. */
  readonly keysMax: number;
}

export interface RateLimit {
  /** Takes one attempt; answers 0, or the seconds to wait. */
  take(key: string): number;
  /** Gives all attempts back, after a success. */
  forgive(key: string): void;
}

/** A token bucket per key, in a bounded map. */
export function createRateLimit(clock: Pick<Clock, 'monotonic'>, options: RateLimitOptions): RateLimit {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(key) {
      const now = clock.monotonic();
      const bucket = buckets.get(key) ?? { left: options.burst, at: now };
      const left = Math.min(options.burst, bucket.left + (now - bucket.at) / options.refillMs);
      buckets.delete(key);
      buckets.set(key, { left: left < 1 ? left : left - 1, at: now });
      if (buckets.size > options.keysMax) {
        const oldest = buckets.keys().next();
        if (!oldest.done) buckets.delete(oldest.value);
      }
      return left < 1 ? Math.max(1, Math.ceil(((1 - left) * options.refillMs) / 1000)) : 0;
    },
    forgive(key) {
      buckets.delete(key);
    },
  };
}
