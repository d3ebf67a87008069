import { nearestName } from '@pilothouse/base';

/** The verb that was begun or mistyped; null when it is too far from all of them to be either. */
export function meantVerb(typed: string, verbs: readonly string[]): string | null {
  const begun = typed.length > 1 ? verbs.find((verb) => verb.startsWith(typed)) : undefined;
  // Two slips in a word of six letters are a typo; more are another word.
  return begun ?? nearestName(typed, verbs, Math.max(1, Math.floor(typed.length / 3)));
}
