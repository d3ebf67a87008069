/**
 * What a selector may name.
 *
 * Variables of the registry (label, name, id, groups, state, presence, maintenance, arch, agent) are always known. Each fact
 * is a variable of its own name with the types of its schema. Functions (`pkg`, `service`, `inGroup`) read the host that is
 * being evaluated; evaluation is synchronous, so one current host at a time is enough.
 *
 * The library's `matches` backtracks and can be made to hang, and its overload cannot be replaced: selectors are rewritten
 * to `matchesLinear`, which runs on re2js in linear time.
 */
import { Environment } from '@marcbachmann/cel-js';
import type { FactSpec } from '@pilothouse/contract';
import { RE2JS } from 're2js';
import type { HostEntry } from '../hosts/service.ts';
import { celSchemaOf, fieldPaths, variableOf } from './fact-schema.ts';
import type { GroupVerdicts } from './group-verdicts.ts';
import { createMeter, type Meter, meterEnvironment } from './meter.ts';
import { findPackage, PackageView, VersionView } from './package-view.ts';
import { findService, ServiceView } from './service-view.ts';

/** A selector of 4,096 characters stays far below these; what exceeds them is an attack or a generated list. */
const LIMITS = {
  maxAstNodes: 2000,
  maxDepth: 48,
  maxListElements: 1000,
  maxMapEntries: 50,
  maxCallArguments: 8,
};
/** Compiled patterns kept; selectors have few. */
const PATTERNS_MAX = 256;
/** Steps of a pattern's automaton times characters that take about as long as one unit of the meter. */
const PATTERN_STEPS_PER_UNIT = 4;
/** Compiling one pattern, whatever its length. */
const PATTERN_UNITS = 100;
/** Reading one package or unit in `pkg()` and `service()`, in units. */
const UNITS_PER_ENTRY = 4;

/** Variables of the registry. Scopes may use the first four alone. */
export const SCOPE_VARIABLES = ['label', 'groups', 'name', 'id'] as const;
const HOST_VARIABLES = [...SCOPE_VARIABLES, 'state', 'presence', 'maintenance', 'arch', 'agent'] as const;

/** Facts that functions read, by function. */
export const FUNCTION_FACTS: Readonly<Record<string, string>> = { pkg: 'packages', service: 'services' };

export interface SelectorEnvironment {
  readonly cel: Environment;
  /** Fact name by variable. */
  readonly factOf: ReadonlyMap<string, string>;
  /** Everything that can be named, for suggestions. */
  readonly names: readonly string[];
  readonly groups: GroupVerdicts;
  /** What evaluating costs is counted here. */
  readonly meter: Meter;
  /** Runs with the functions looking at this host. */
  withHost<T>(host: HostEntry, run: () => T): T;
}

export function createSelectorEnvironment(
  facts: readonly FactSpec[],
  bodyOf: (host: HostEntry, fact: string) => unknown,
  groups: GroupVerdicts,
): SelectorEnvironment {
  let current: HostEntry | null = null;
  const currentHost = (): HostEntry => {
    if (current === null) throw new Error('no host is being evaluated');
    return current;
  };
  const meter = createMeter();
  const cel = new Environment({ limits: LIMITS });
  cel.registerVariable('label', 'map<string, string>');
  for (const name of ['name', 'id', 'state', 'presence', 'arch']) cel.registerVariable(name, 'string');
  cel.registerVariable('groups', 'list<string>');
  cel.registerVariable('maintenance', 'bool');
  cel.registerVariable({ name: 'agent', schema: { version: 'string' } });
  const factOf = new Map<string, string>();
  const names: string[] = [
    ...HOST_VARIABLES,
    'agent.version',
    'pkg',
    'service',
    'inGroup',
    'has',
    'matches',
    'startsWith',
  ];
  for (const fact of facts) {
    const variable = variableOf(fact.name);
    const schema = celSchemaOf(fact);
    cel.registerVariable({ name: variable, schema });
    factOf.set(variable, fact.name);
    names.push(variable, ...fieldPaths(variable, schema));
  }
  registerViews(cel);
  registerLookups(cel, meter, (fact) => bodyOf(currentHost(), fact));
  cel.registerFunction('inGroup(string): bool', (path: string) => {
    const verdict = groups.isIn(currentHost(), path);
    // Thrown, it makes the condition undetermined, as all that cannot be decided does.
    if (verdict === 'unknown') throw new Error('group is undetermined');
    return verdict === 'true';
  });
  registerMatches(cel, meter);
  meterEnvironment(cel, meter);
  return {
    cel,
    meter,
    factOf,
    names,
    groups,
    withHost(host, run) {
      // A condition may ask for a group, whose selector is evaluated in the middle of it.
      const outer = current;
      current = host;
      try {
        return run();
      } finally {
        current = outer;
      }
    },
  };
}

function registerViews(cel: Environment): void {
  cel.registerType('Version', { ctor: VersionView, fields: {} });
  cel.registerType('Package', { ctor: PackageView, fields: { installed: 'bool', version: 'Version' } });
  cel.registerType('Service', {
    ctor: ServiceView,
    fields: { exists: 'bool', state: 'string', sub: 'string', enabled: 'string' },
  });
  const comparisons: readonly [string, (order: number) => boolean][] = [
    ['<', (order) => order < 0],
    ['<=', (order) => order <= 0],
    ['>', (order) => order > 0],
    ['>=', (order) => order >= 0],
    ['==', (order) => order === 0],
  ];
  for (const [operator, holds] of comparisons) {
    cel.registerOperator(`Version ${operator} string`, (version: VersionView, text: string) => {
      const order = version.compareTo(text);
      return order !== null && holds(order);
    });
  }
}

function registerLookups(cel: Environment, meter: Meter, body: (fact: string) => unknown): void {
  cel.registerFunction('pkg(string): Package', (name: string) => {
    const packages = body('packages');
    meter.spend(UNITS_PER_ENTRY * entriesOf(packages, 'packages'));
    return findPackage(packages, name);
  });
  cel.registerFunction('service(string): Service', (name: string) => {
    const services = body('services');
    meter.spend(UNITS_PER_ENTRY * entriesOf(services, 'units'));
    return findService(services, name);
  });
}

function entriesOf(body: unknown, list: 'packages' | 'units'): number {
  if (typeof body !== 'object' || body === null || !(list in body)) return 0;
  const entries = (body as Readonly<Record<string, unknown>>)[list]; // just seen to be there
  return Array.isArray(entries) ? entries.length : 0;
}

function registerMatches(cel: Environment, meter: Meter): void {
  const patterns = new Map<string, RE2JS>();
  cel.registerFunction('string.matchesLinear(string): bool', (text: string, pattern: string) => {
    let compiled = patterns.get(pattern);
    if (compiled === undefined) {
      if (patterns.size >= PATTERNS_MAX) patterns.clear();
      meter.spend(PATTERN_UNITS + pattern.length);
      compiled = RE2JS.compile(pattern);
      // A pattern may name its repeats by number, so the automaton is what was made and not what was written.
      meter.spend(compiled.programSize());
      patterns.set(pattern, compiled);
    }
    meter.spend(Math.ceil((text.length * compiled.programSize()) / PATTERN_STEPS_PER_UNIT));
    return compiled.matcher(text).find();
  });
}
