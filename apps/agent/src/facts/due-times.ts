import type { Clock } from '@pilothouse/base';
import type { FactOffer } from './fact-collection.ts';

/** How far chance moves a run, as a share of the fact's interval. */
const SPREAD = 0.1;
/** A round takes along what is due within this share of its interval: twice the spread, so that equal intervals stay together. */
const TAKEN_ALONG = 2 * SPREAD;

/** When each fact is to be collected next, by a clock that never goes backwards. */
export interface DueTimes {
  /** True when these are other facts than before. */
  learn(facts: readonly FactOffer[]): boolean;
  /** Sets the next time of a fact; false when there is no such fact. */
  collected(name: string): boolean;
  /** Milliseconds until the first fact is due; null when none has a time. */
  nextMs(): number | null;
  /** The facts that are due, or will be so soon that they go along; none when none is due. */
  now(): string[];
  /** What is due now is due again after this time. */
  postpone(delayMs: number): void;
}

export function createDueTimes(clock: Clock, random: () => number): DueTimes {
  const offers = new Map<string, FactOffer>();
  const dueAtMs = new Map<string, number>();
  const leftMs = (name: string): number => (dueAtMs.get(name) ?? 0) - clock.monotonic();

  return {
    learn(facts) {
      if (JSON.stringify(facts) === JSON.stringify([...offers.values()])) return false;
      offers.clear();
      for (const fact of facts) offers.set(fact.name, fact);
      for (const name of dueAtMs.keys()) if (!offers.has(name)) dueAtMs.delete(name);
      return true;
    },
    collected(name) {
      const offer = offers.get(name);
      if (offer === undefined) return false;
      dueAtMs.set(name, clock.monotonic() + offer.intervalMs * (1 - SPREAD + 2 * SPREAD * random()));
      return true;
    },
    nextMs: () =>
      dueAtMs.size === 0 ? null : Math.max(0, Math.min(...dueAtMs.values()) - clock.monotonic()),
    now() {
      if (![...dueAtMs.keys()].some((name) => leftMs(name) <= 0)) return [];
      return [...offers.values()]
        .filter(({ name, intervalMs }) => leftMs(name) <= TAKEN_ALONG * intervalMs)
        .map(({ name }) => name);
    },
    postpone(delayMs) {
      for (const name of dueAtMs.keys())
        if (leftMs(name) <= 0) dueAtMs.set(name, clock.monotonic() + delayMs);
    },
  };
}
