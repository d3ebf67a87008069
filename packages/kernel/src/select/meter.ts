/**
 * What evaluating an expression may cost.
 *
 * The library bounds the size of an expression and not its work: `[..].all(x, [..].all(y, ..))` over a list of 3,000
 * packages is nine million steps, and `[s].exists(a, [a + a].exists(b, ..))` doubles a text at every level. So every node that
 * is evaluated costs one unit, every text and every new list that comes out of one its length on top, and what is compared its
 * whole weight. One unit is some tens of nanoseconds. When the allowance is used up, everything that is still to be evaluated fails
 * at once, and the caller takes the whole as undecided: a bound by units gives the same answer on a busy and on an idle
 * machine, which a bound by time would not.
 *
 * The library has no hook for this. Its evaluator hands itself to every node and evaluates all children by its method
 * `run`; that method is replaced on the one evaluator of an environment. The test of this file fails should a newer version
 * go another way.
 */
import type { ASTNode, Environment } from '@marcbachmann/cel-js';

/** Characters of a text that weigh as much as one node. */
const CHARS_PER_UNIT = 64;
/** Items of a new list that weigh as much as one node. */
const ITEMS_PER_UNIT = 8;
const COMPARES: ReadonlySet<string> = new Set(['==', '!=', 'in']);
/** What makes new lists. A comprehension hands the same one from step to step, which costs nothing. */
const MAKES_LISTS: ReadonlySet<string> = new Set(['+', 'call', 'rcall']);
/** One object for all: making one with its stack costs more than what it stops. */
const EXHAUSTED = new Error('the expression is too costly');

export interface Meter {
  /** Throws once the allowance is used up. */
  spend(units: number): void;
  /** Runs within an allowance, and within what an outer one has left. Tells what it took, also when it was too much. */
  within<T>(allowance: number, run: () => T): Metered<T>;
}
export type Metered<T> =
  | { readonly kind: 'value'; readonly value: T; readonly units: number }
  | { readonly kind: 'failed'; readonly cause: unknown; readonly units: number }
  | { readonly kind: 'too-costly'; readonly units: number };

export function createMeter(): Meter {
  let left = Number.POSITIVE_INFINITY;
  return {
    spend(units) {
      left -= units;
      if (left < 0) throw EXHAUSTED;
    },
    within(allowance, run) {
      const outer = left;
      const granted = Math.max(0, Math.min(allowance, outer));
      left = granted;
      let outcome: { kind: 'value'; value: ReturnType<typeof run> } | { kind: 'failed'; cause: unknown };
      try {
        outcome = { kind: 'value', value: run() };
      } catch (cause) {
        outcome = { kind: 'failed', cause };
      }
      // A quantifier swallows what its body throws; that the allowance is below zero it cannot hide.
      const isTooCostly = left < 0;
      const units = granted - Math.max(0, left);
      left = outer - units;
      return isTooCostly ? { kind: 'too-costly', units } : { ...outcome, units };
    },
  };
}

interface Evaluator {
  run(node: ASTNode, context: unknown): unknown;
}
type Evaluate = (evaluator: Evaluator, node: ASTNode, context: unknown) => unknown;

/** Counts on `meter` whatever this environment evaluates from now on. */
export function meterEnvironment(cel: Environment, meter: Meter): void {
  const probe = cel.parse('true');
  const root = probe.ast as unknown as { evaluate: Evaluate }; // not in the library's types; see above
  let isInstalled = false;
  root.evaluate = (evaluator) => {
    evaluator.run = meteredRun(evaluator, meter);
    isInstalled = true;
    return true;
  };
  probe();
  if (!isInstalled) throw new Error('the expression library no longer evaluates as the meter expects');
}

function meteredRun(evaluator: Evaluator, meter: Meter): Evaluator['run'] {
  let isCompared = false;
  return (node, context) => {
    meter.spend(1);
    const isOperand = isCompared;
    isCompared = COMPARES.has(node.op);
    let value: unknown;
    try {
      const { evaluate } = node as unknown as { evaluate: Evaluate }; // see meterEnvironment
      value = evaluate.call(node, evaluator, node, context);
    } finally {
      isCompared = isOperand;
    }
    if (isOperand) weighDeep(value, meter);
    else if (typeof value === 'string') meter.spend(Math.floor(value.length / CHARS_PER_UNIT));
    else if (MAKES_LISTS.has(node.op) && Array.isArray(value))
      meter.spend(Math.floor(value.length / ITEMS_PER_UNIT));
    return value;
  };
}

/** Stops by itself: what is heavier than the allowance throws on the way. */
function weighDeep(value: unknown, meter: Meter): void {
  if (typeof value === 'string') meter.spend(Math.floor(value.length / CHARS_PER_UNIT));
  if (typeof value !== 'object' || value === null) return;
  const parts: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  meter.spend(parts.length);
  for (const part of parts) weighDeep(part, meter);
}
