/**
 * What people allow an action to be given without seeing the plan: the language of mandates and of a host's allowlist.
 *
 * Problem: whoever can choose a parameter freely can make a harmless action do harm, so what is not said must not be
 * allowed, and what is said must not mean more than its reader thought.
 *
 * Rule: each parameter that may differ from its default is named, with the exact value, a list of values, or a pattern
 * over the whole text. In a pattern `*` stands for any run of letters, digits and `_ @ : + . -`: it never spans a slash, a
 * space or anything a shell reads, and a text that holds `..` fits no pattern. A parameter that is not named must have
 * the value that the action gives it when it is left out. Content beside the parameters is named by digest.
 *
 * Limits: a pattern is read in time proportional to text × pattern, both of which are bounded; there is no other syntax.
 */
import { z } from 'zod';
import { ActionName } from './action.ts';
import { canonicalJson } from './canonical-json.ts';
import type { StepAction } from './plan.ts';
import { Digest, type JsonObject } from './scalars.ts';
import { ruleText } from './schema-text.ts';

export const PATTERN_CHARS_MAX = 200;
/** A longer text fits no pattern; exact values may be as long as parameters are. */
export const MATCHED_CHARS_MAX = 4096;
const VALUES_MAX = 1000;
const PARAMETERS_MAX = 64;
const CONTENTS_MAX = 64;

export const ParameterConstraint = z.union([
  z.strictObject({ equals: z.json() }),
  z.strictObject({ oneOf: z.array(z.json()).min(1).max(VALUES_MAX) }),
  z.strictObject({ pattern: z.string().min(1).max(PATTERN_CHARS_MAX) }),
]);
export type ParameterConstraint = z.infer<typeof ParameterConstraint>;

/** One action with what it may be given. */
export const ActionAllowance = z.strictObject({
  action: ActionName,
  parameters: z
    .record(z.string().max(80), ParameterConstraint)
    .refine(
      (all) => Object.keys(all).length <= PARAMETERS_MAX,
      ruleText({ en: `at most ${PARAMETERS_MAX} parameters`, zh: `至多 ${PARAMETERS_MAX} 个参数` }),
    ),
  /** Content that it may bring beside its parameters; absent: none. */
  contents: z.array(Digest).max(CONTENTS_MAX).optional(),
});
export type ActionAllowance = z.infer<typeof ActionAllowance>;

/** Reads parameters by the action's own schema, defaults filled in; null when they are not valid. */
export type ReadParameters = (action: string, parameters: JsonObject) => JsonObject | null;

/** True when the action of a step is allowed just as it stands. */
export function isAllowed(allowance: ActionAllowance, step: StepAction, read: ReadParameters): boolean {
  if (step.action !== allowance.action) return false;
  const contents = allowance.contents ?? [];
  if (!step.contents.every((digest) => contents.includes(digest))) return false;
  const given = read(step.action, step.parameters);
  if (given === null) return false;
  const named = Object.keys(given).filter((name) => Object.hasOwn(allowance.parameters, name));
  const namedAlone = read(step.action, Object.fromEntries(named.map((name) => [name, given[name] ?? null])));
  if (namedAlone === null || canonicalJson(namedAlone) !== canonicalJson(given)) return false;
  return Object.entries(allowance.parameters).every(
    ([name, constraint]) => Object.hasOwn(given, name) && meets(constraint, given[name] ?? null),
  );
}

function meets(constraint: ParameterConstraint, value: z.core.util.JSONType): boolean {
  const isSame = (other: unknown): boolean => canonicalJson(other) === canonicalJson(value);
  if ('equals' in constraint) return isSame(constraint.equals);
  if ('oneOf' in constraint) return constraint.oneOf.some(isSame);
  return typeof value === 'string' && fitsPattern(constraint.pattern, value);
}

const STANDS_FOR = /^[A-Za-z0-9_@:+.-]$/;

/** Follows all ways through the pattern at once, so no pattern makes it go back over the text. */
export function fitsPattern(pattern: string, text: string): boolean {
  if (text.length > MATCHED_CHARS_MAX || text.includes('..')) return false;
  const symbols = Array.from(pattern);
  let places = withSkippedStars(symbols, new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      const symbol = symbols[place];
      if (symbol === '*') {
        if (STANDS_FOR.test(character)) next.add(place);
      } else if (symbol === character) next.add(place + 1);
    }
    if (next.size === 0) return false;
    places = withSkippedStars(symbols, next);
  }
  return places.has(symbols.length);
}

/** A star may stand for nothing at all. */
function withSkippedStars(symbols: readonly string[], places: Set<number>): Set<number> {
  // A set is walked in the order of insertion, so what is added here is looked at, too.
  for (const place of places) if (symbols[place] === '*') places.add(place + 1);
  return places;
}
