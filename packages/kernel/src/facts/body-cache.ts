/** Parsed bodies in memory, least recently used first out, bounded by their size as text. */
export interface BodyCache {
  readonly get: (digest: string) => unknown;
  readonly put: (digest: string, body: unknown, sizeBytes: number) => void;
  readonly delete: (digest: string) => void;
}

interface Tier {
  readonly bodies: Map<string, { readonly body: unknown; readonly sizeBytes: number }>;
  readonly bytesMax: number;
  usedBytes: number;
}

/**
 * Two tiers, so that a scan over every package list of the fleet does not push out the small facts (operating system,
 * kernel) that every list and selector reads.
 */
export function createBodyCache(limits: {
  smallBytesMax: number;
  tierSmallBytesMax: number;
  tierBigBytesMax: number;
}): BodyCache {
  const small: Tier = { bodies: new Map(), bytesMax: limits.tierSmallBytesMax, usedBytes: 0 };
  const big: Tier = { bodies: new Map(), bytesMax: limits.tierBigBytesMax, usedBytes: 0 };

  const drop = (tier: Tier, digest: string) => {
    tier.usedBytes -= tier.bodies.get(digest)?.sizeBytes ?? 0;
    tier.bodies.delete(digest);
  };
  const touch = (tier: Tier, digest: string) => {
    const known = tier.bodies.get(digest);
    if (known === undefined) return null;
    tier.bodies.delete(digest);
    tier.bodies.set(digest, known);
    return known.body;
  };

  return {
    get: (digest) => touch(small, digest) ?? touch(big, digest),
    put(digest, body, sizeBytes) {
      const tier = sizeBytes <= limits.smallBytesMax ? small : big;
      if (sizeBytes > tier.bytesMax) return;
      drop(tier, digest);
      tier.bodies.set(digest, { body, sizeBytes });
      tier.usedBytes += sizeBytes;
      for (const oldest of tier.bodies.keys()) {
        if (tier.usedBytes <= tier.bytesMax) break;
        drop(tier, oldest);
      }
    },
    delete(digest) {
      drop(small, digest);
      drop(big, digest);
    },
  };
}
