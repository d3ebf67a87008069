import type { Clock } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { networkOf } from './peer-address.ts';
import { createRateLimit } from './rate-limit.ts';

/** A person, with all their tokens and windows: a script that loops without a pause is held to this, a fast one is not. */
const PER_PERSON = { burst: 3_000, refillMs: 4, keysMax: 10_000 };
/**
 * Whoever is not known yet: sign-in pages, health checks, and credentials that are not good. Many people and machines may
 * share an address behind a gateway.
 */
const PER_ADDRESS = { burst: 600, refillMs: 20, keysMax: 10_000 };

export interface EdgeLimits {
  /** AppError TOO_MANY_REQUESTS. */
  knownPerson(personId: string): void;
  /**
   * AppError TOO_MANY_REQUESTS. Counts what was refused or asked by nobody. Good credentials are never held up by what else
   * comes from their address: else one bad neighbour would lock a whole office out.
   */
  stranger(address: string): void;
}

/** How often one person, and one place that nobody is known from, may ask. Sign-in has stricter limits of its own. */
export function createEdgeLimits(clock: Pick<Clock, 'monotonic'>): EdgeLimits {
  const perPerson = createRateLimit(clock, PER_PERSON);
  const perAddress = createRateLimit(clock, PER_ADDRESS);
  const require = (seconds: number): void => {
    if (seconds > 0) throw new AppError('TOO_MANY_REQUESTS', { seconds });
  };
  return {
    knownPerson: (personId) => require(perPerson.take(personId)),
    stranger: (address) => require(perAddress.take(networkOf(address))),
  };
}
