import type { Verdict } from './service.ts';

/** Kleene's strong three-valued logic: what is unknown stays unknown unless the rest decides without it. */
export const not = (a: Verdict): Verdict => (a === 'unknown' ? 'unknown' : a === 'true' ? 'false' : 'true');

export function and(a: Verdict, b: Verdict): Verdict {
  if (a === 'false' || b === 'false') return 'false';
  return a === 'true' && b === 'true' ? 'true' : 'unknown';
}

export const or = (a: Verdict, b: Verdict): Verdict => not(and(not(a), not(b)));

/** With an unknown condition the answer is known only when both branches agree. */
export function choose(condition: Verdict, yes: Verdict, no: Verdict): Verdict {
  if (condition === 'unknown') return yes === no ? yes : 'unknown';
  return condition === 'true' ? yes : no;
}
