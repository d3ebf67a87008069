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
  cel.registerFunction('pkg(string): Package', (name: string) =>
    findPackage(bodyOf(currentHost(), 'packages'), name),
  );
  cel.registerFunction('service(string): Service', (name: string) =>
    findService(bodyOf(currentHost(), 'services'), name),
  );
  cel.registerFunction('inGroup(string): bool', (path: string) => {
    const verdict = groups.isIn(currentHost(), path);
    // Thrown, it makes the condition undetermined, as all that cannot be decided does.
    if (verdict === 'unknown') throw new Error('group is undetermined');
    return verdict === 'true';
  });
  registerMatches(cel);
  return {
    cel,
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

function registerMatches(cel: Environment): void {
  const patterns = new Map<string, RE2JS>();
  cel.registerFunction('string.matchesLinear(string): bool', (text: string, pattern: string) => {
    let compiled = patterns.get(pattern);
    if (compiled === undefined) {
      if (patterns.size >= PATTERNS_MAX) patterns.clear();
      compiled = RE2JS.compile(pattern);
      patterns.set(pattern, compiled);
    }
    return compiled.matcher(text).find();
  });
}
