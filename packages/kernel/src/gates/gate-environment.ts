/**
 * What the condition of a gate may name.
 *
 * `tasks` and `wave` count outcomes; `touched(selector)` and `untouched(selector)` count hosts for which a selector holds;
 * `vital(name)` compares the two sides; `findings(severity)` counts what was found on touched hosts since the start;
 * `prom(query)` is one number from Prometheus. What a function needs is fetched before the condition is evaluated, which is
 * why its argument must be a literal: evaluation is synchronous and total.
 */
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { AppError } from '@pilothouse/contract';
import { createMeter, meterEnvironment, selectorInvalid, walk } from '../select/index.ts';

/** Functions that stand for something to be fetched, each with one text for an argument. */
export const FETCHED = ['touched', 'untouched', 'vital', 'findings', 'prom'] as const;
export type FetchedFunction = (typeof FETCHED)[number];
export interface Fetch {
  readonly function: FetchedFunction;
  readonly argument: string;
}

/** How a selector holds on one side. */
export class ShareView {
  readonly matched: bigint;
  readonly unmatched: bigint;
  readonly unknown: bigint;
  /** Matched of all; what is unknown counts as not matched. 1 where there is no host. */
  readonly share: number;
  constructor(counts: { matched: number; unmatched: number; unknown: number }) {
    const all = counts.matched + counts.unmatched + counts.unknown;
    this.matched = BigInt(counts.matched);
    this.unmatched = BigInt(counts.unmatched);
    this.unknown = BigInt(counts.unknown);
    this.share = all === 0 ? 1 : counts.matched / all;
  }
}

/** One vital on both sides since the wave ended. */
export class SidesView {
  readonly touchedMean: number;
  readonly touchedMax: number;
  readonly untouchedMean: number;
  readonly untouchedMax: number;
  constructor(sides: { touched: readonly number[]; untouched: readonly number[] }) {
    this.touchedMean = meanOf(sides.touched);
    this.touchedMax = Math.max(0, ...sides.touched);
    this.untouchedMean = meanOf(sides.untouched);
    this.untouchedMax = Math.max(0, ...sides.untouched);
  }
}

const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

export type FetchedValue = ShareView | SidesView | bigint | number;
export const fetchKey = (fetch: Fetch): string => `${fetch.function} ${fetch.argument}`;

export interface OutcomeCounts {
  readonly succeeded: number;
  readonly failed: number;
  readonly unknown: number;
  readonly skipped: number;
}

export interface GateValues {
  readonly tasks: OutcomeCounts;
  readonly wave: OutcomeCounts & { readonly number: number };
  readonly fetched: ReadonlyMap<string, FetchedValue>;
}

export interface CompiledCondition {
  readonly fetches: readonly Fetch[];
  /** Throws when the library cannot evaluate it, such as a division by zero, or when it takes too much work. */
  evaluate(values: GateValues): boolean;
}

/** What a condition may ask of, for whoever wrote a name that is near to none of it. */
const KNOWN =
  'wave.failed · tasks.unknown · vital("load1").touchedMean · touched("…").share · untouched("…").share · findings("high") · prom("…")';
const NAMES = ['tasks', 'wave', 'succeeded', 'failed', 'unknown', 'skipped', 'number', ...FETCHED];
const COUNTS = { succeeded: 'int', failed: 'int', unknown: 'int', skipped: 'int' };
/** A gate is a line or two; what exceeds this is generated or an attack. */
const LIMITS = {
  maxAstNodes: 500,
  maxDepth: 32,
  maxListElements: 100,
  maxMapEntries: 10,
  maxCallArguments: 4,
};
const FETCHES_MAX = 16;
/** A line over a few counts takes some dozens; see the meter of selectors. */
const UNITS_MAX = 20_000;

export type CompileCondition = (gate: string, expression: string) => CompiledCondition;

export function createConditionCompiler(): CompileCondition {
  let values: GateValues | null = null;
  const fetched = (name: FetchedFunction) => (argument: string) => {
    const value = values?.fetched.get(fetchKey({ function: name, argument }));
    if (value === undefined) throw new Error(`${name}("${argument}") was not fetched`);
    return value;
  };
  const cel = new Environment({ limits: LIMITS });
  cel.registerVariable({ name: 'tasks', schema: COUNTS });
  cel.registerVariable({ name: 'wave', schema: { ...COUNTS, number: 'int' } });
  cel.registerType('Share', {
    ctor: ShareView,
    fields: { matched: 'int', unmatched: 'int', unknown: 'int', share: 'double' },
  });
  cel.registerType('Sides', {
    ctor: SidesView,
    fields: { touchedMean: 'double', touchedMax: 'double', untouchedMean: 'double', untouchedMax: 'double' },
  });
  cel.registerFunction('touched(string): Share', fetched('touched'));
  cel.registerFunction('untouched(string): Share', fetched('untouched'));
  cel.registerFunction('vital(string): Sides', fetched('vital'));
  cel.registerFunction('findings(string): int', fetched('findings'));
  cel.registerFunction('prom(string): double', fetched('prom'));
  const meter = createMeter();
  meterEnvironment(cel, meter);
  return (gate, expression) => {
    try {
      const parsed = cel.parse(expression);
      const checked = parsed.check();
      if (!checked.valid) throw checked.error ?? new Error('it does not type-check');
      if (checked.type !== 'bool')
        throw new Error(`it gives ${checked.type ?? 'nothing'}, not true or false`);
      return {
        fetches: fetchesOf(parsed.ast),
        evaluate(now) {
          values = now;
          try {
            const metered = meter.within(UNITS_MAX, () => parsed(contextOf(now)) === true);
            if (metered.kind === 'value') return metered.value;
            throw metered.kind === 'failed' ? metered.cause : new Error('it takes more work than a gate may');
          } finally {
            values = null;
          }
        },
      };
    } catch (cause) {
      const { details } = selectorInvalid(expression, cause, NAMES);
      const suggestion = details['suggestion'] === '' ? KNOWN : details['suggestion'];
      throw new AppError('GATE_INVALID', { gate, ...details, suggestion }, { cause });
    }
  };
}

function fetchesOf(ast: ASTNode): Fetch[] {
  const fetches = new Map<string, Fetch>();
  walk(ast, (node) => {
    if (node.op === 'call' && node.args[0] === 'matches') throw new Error('matches is not offered in gates');
    if (node.op === 'rcall' && node.args[0] === 'matches') throw new Error('matches is not offered in gates');
    const name = node.op === 'call' ? FETCHED.find((known) => known === node.args[0]) : undefined;
    if (name === undefined || node.op !== 'call') return;
    const argument = node.args[1][0];
    if (argument?.op !== 'value' || typeof argument.args !== 'string')
      throw new Error(`${name}() takes a text that stands there as it is`);
    const fetch = { function: name, argument: argument.args };
    fetches.set(fetchKey(fetch), fetch);
  });
  if (fetches.size > FETCHES_MAX) throw new Error(`it asks for more than ${FETCHES_MAX} things`);
  return [...fetches.values()];
}

const counted = (counts: OutcomeCounts) => ({
  succeeded: BigInt(counts.succeeded),
  failed: BigInt(counts.failed),
  unknown: BigInt(counts.unknown),
  skipped: BigInt(counts.skipped),
});

const contextOf = ({ tasks, wave }: GateValues) => ({
  tasks: counted(tasks),
  wave: { ...counted(wave), number: BigInt(wave.number) },
});
