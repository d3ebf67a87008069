import { AppError, SELECTOR_CHARS_MAX } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import { type Atom, type BodyNow, createAtom } from './atom.ts';
import { and, choose, not, or } from './kleene.ts';
import { SCOPE_VARIABLES, type SelectorEnvironment } from './selector-environment.ts';
import { selectorInvalid } from './selector-error.ts';
import { type SelectorTree, treeOf } from './selector-tree.ts';
import type { Selector, Verdict, Weighed } from './service.ts';

type Evaluate = (host: HostEntry) => Verdict;

/**
 * What one host may cost, in units of the meter: ten times what a question to every one of 3,000 packages takes, and about
 * ten milliseconds. Above it the host is undetermined.
 */
const HOST_UNITS_MAX = 200_000;
/**
 * Rules, groups and scopes are evaluated for one host after the other by those who cannot wait. On average a host may cost
 * so much; what goes beyond it is kept as a debt, and while that is above its limit the selector is undetermined for
 * everybody. So a fleet of 10,000 hosts costs a second at the most, whatever somebody has put into a rule.
 */
const HOST_UNITS_ON_AVERAGE = 500;
const DEBT_UNITS_MAX = 3_000_000;

/** Parses, type-checks and prepares a selector. Throws SELECTOR_INVALID with the column. */
export function compileSelector(text: string, environment: SelectorEnvironment, bodyNow: BodyNow): Selector {
  const tree = parseTree(text, environment);
  const atoms: Atom[] = [];
  const evaluate = prepare(tree, (source) => {
    const atom = createAtom(source, environment, bodyNow);
    atoms.push(atom);
    return atom.evaluate;
  });
  const ownFacts = [...new Set(atoms.flatMap((atom) => atom.source.facts))].sort();
  const refs = atoms.map((atom) => atom.source.groupRefs);
  const usesGroups = refs.some((some) => some === null || some.length > 0);
  let debt = 0;
  const weigh = (host: HostEntry): Weighed => {
    const metered = environment.meter.within(HOST_UNITS_MAX, () => evaluate(host));
    if (metered.kind === 'failed') throw metered.cause;
    const { units } = metered;
    return metered.kind === 'value'
      ? { verdict: metered.value, units, isTooCostly: false }
      : { verdict: 'unknown', units, isTooCostly: true };
  };
  const evaluateOnAccount = (host: HostEntry): Verdict => {
    const isBroke = debt > DEBT_UNITS_MAX;
    debt = Math.max(0, debt - HOST_UNITS_ON_AVERAGE);
    if (isBroke) return 'unknown';
    const { verdict, units } = weigh(host);
    debt += units;
    return verdict;
  };
  return {
    text,
    get facts() {
      if (!usesGroups) return ownFacts;
      return [...new Set([...ownFacts, ...environment.groups.facts()])].sort();
    },
    ownFacts,
    groupRefs: refs.includes(null) ? null : refs.flatMap((some) => some ?? []),
    evaluate: evaluateOnAccount,
    weigh,
    explain: (host) => ({
      verdict: weigh(host).verdict,
      conditions: atoms.map((atom) => {
        const metered = environment.meter.within(HOST_UNITS_MAX, () => atom.evaluate(host));
        const verdict = metered.kind === 'value' ? metered.value : 'unknown';
        return { text: atom.source.text, verdict, saw: atom.saw(host) };
      }),
    }),
  };
}

/** Refuses what hosts report of themselves: a host must not be able to move into somebody's scope. */
export function assertScope(text: string, environment: SelectorEnvironment): void {
  visitAtoms(parseTree(text, environment), ({ facts, hostVariables }) => {
    const allowed: readonly string[] = SCOPE_VARIABLES;
    const name =
      facts[0] ??
      hostVariables.find((variable) => environment.cel.hasVariable(variable) && !allowed.includes(variable));
    if (name !== undefined) throw new AppError('SELECTOR_NOT_A_SCOPE', { name });
  });
}

function parseTree(text: string, environment: SelectorEnvironment): SelectorTree {
  if (text.length > SELECTOR_CHARS_MAX) {
    const tooLong = { code: 'too_long', message: `longer than ${SELECTOR_CHARS_MAX} characters` };
    throw selectorInvalid(text, tooLong, []);
  }
  try {
    const parsed = environment.cel.parse(text);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error ?? new Error('it does not type-check');
    if (checked.type !== 'bool' && checked.type !== 'dyn') {
      throw new Error(`it gives ${checked.type ?? 'nothing'}, not true or false`);
    }
    return treeOf(parsed.ast, environment);
  } catch (cause) {
    throw selectorInvalid(text, cause, environment.names);
  }
}

function prepare(
  tree: SelectorTree,
  atomOf: (source: Extract<SelectorTree, { kind: 'atom' }>['source']) => Evaluate,
): Evaluate {
  switch (tree.kind) {
    case 'atom':
      return atomOf(tree.source);
    case 'not': {
      const inner = prepare(tree.of, atomOf);
      return (host) => not(inner(host));
    }
    case 'choose': {
      const condition = prepare(tree.condition, atomOf);
      const yes = prepare(tree.yes, atomOf);
      const no = prepare(tree.no, atomOf);
      return (host) => choose(condition(host), yes(host), no(host));
    }
    case 'and':
    case 'or': {
      const left = prepare(tree.left, atomOf);
      const right = prepare(tree.right, atomOf);
      const join = tree.kind === 'and' ? and : or;
      const decided: Verdict = tree.kind === 'and' ? 'false' : 'true';
      return (host) => {
        const first = left(host);
        return first === decided ? first : join(first, right(host));
      };
    }
  }
}

function visitAtoms(
  tree: SelectorTree,
  visit: (source: Extract<SelectorTree, { kind: 'atom' }>['source']) => void,
): void {
  prepare(tree, (source) => {
    visit(source);
    return () => 'unknown';
  });
}
