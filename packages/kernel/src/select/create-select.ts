import { AppError, type FactSpec, SELECTOR_CHARS_MAX } from '@pilothouse/contract';
import type { FactsService } from '../facts/service.ts';
import type { GroupsService, HostEntry, HostsService } from '../hosts/service.ts';
import { assertScope, compileSelector } from './compile-selector.ts';
import { createGroupVerdicts, fixedGroups } from './group-verdicts.ts';
import { createSelectorEnvironment, type SelectorEnvironment } from './selector-environment.ts';
import type { Selector, SelectService } from './service.ts';

/** Compiled selectors kept: dashboards and groups use the same few again and again. */
const COMPILED_MAX = 500;

/** Units (see meter.ts) after which whatever else waits gets its turn: about ten milliseconds. */
const PIECE_UNITS = 100_000;
/** All hosts together: one to two seconds of work. A question that needs more is asked of fewer facts, or fewer hosts. */
const RUN_UNITS_MAX = 20_000_000;

export interface SelectDeps {
  readonly facts: Pick<FactsService, 'bodyNow' | 'warm'>;
  readonly hosts: Pick<HostsService, 'index'>;
  /** All facts of kernel and plugins: their names and fields are what a selector may name. */
  readonly factSpecs: readonly FactSpec[];
  /** Absent: the fixed lists of the hosts are all there is. */
  readonly groups?: Pick<GroupsService, 'groups' | 'onChange'>;
}

export function createSelect({ facts, hosts, factSpecs, groups }: SelectDeps): SelectService {
  const bodyNow = (digest: string): unknown => facts.bodyNow(digest);
  const bodyOf = (host: HostEntry, fact: string): unknown => bodyNow(host.facts.get(fact)?.digest ?? '');
  const compilerOver = (environment: SelectorEnvironment) => {
    const compiled = new Map<string, Selector>();
    return (text: string): Selector => {
      const known = compiled.get(text);
      if (known !== undefined) return known;
      const selector = compileSelector(text, environment, bodyNow);
      if (compiled.size >= COMPILED_MAX) compiled.clear();
      if (text.length <= SELECTOR_CHARS_MAX) compiled.set(text, selector);
      return selector;
    };
  };
  const verdicts = groups === undefined ? fixedGroups : createGroupVerdicts(groups, (text) => compile(text));
  const compile = compilerOver(createSelectorEnvironment(factSpecs, bodyOf, verdicts));
  const scopeEnvironment = createSelectorEnvironment(factSpecs, bodyOf, fixedGroups);
  const compileFixed = compilerOver(scopeEnvironment);
  return {
    compile,
    compileScope(text) {
      assertScope(text, scopeEnvironment);
      const selector = compileFixed(text);
      for (const path of selector.groupRefs ?? [])
        if (groups?.groups.get(path)?.kind === 'selector')
          throw new AppError('SELECTOR_NOT_A_SCOPE', { name: path });
      return selector;
    },
    async run(text) {
      const selector = compile(text);
      for (const fact of selector.facts) await facts.warm(fact);
      const matched: HostEntry[] = [];
      const undetermined: HostEntry[] = [];
      let [units, pieceEnd] = [0, PIECE_UNITS];
      for (const host of [...hosts.index.values()]) {
        if (units >= pieceEnd) {
          pieceEnd = units + PIECE_UNITS;
          await new Promise((resolve) => setImmediate(resolve));
        }
        const { verdict, units: more, isTooCostly } = selector.weigh(host);
        units += more;
        if (isTooCostly || units > RUN_UNITS_MAX) throw new AppError('SELECTOR_TOO_COSTLY');
        if (verdict === 'true') matched.push(host);
        else if (verdict === 'unknown') undetermined.push(host);
      }
      return { matched, undetermined };
    },
  };
}
