import { type FactSpec, SELECTOR_CHARS_MAX } from '@pilothouse/contract';
import type { FactsService } from '../facts/service.ts';
import type { HostEntry, HostsService } from '../hosts/service.ts';
import { assertScope, compileSelector } from './compile-selector.ts';
import { createSelectorEnvironment } from './selector-environment.ts';
import type { Selector, SelectService } from './service.ts';

/** Compiled selectors kept: dashboards and groups use the same few again and again. */
const COMPILED_MAX = 500;

export interface SelectDeps {
  readonly facts: Pick<FactsService, 'bodyNow' | 'warm'>;
  readonly hosts: Pick<HostsService, 'index'>;
  /** All facts of kernel and plugins: their names and fields are what a selector may name. */
  readonly factSpecs: readonly FactSpec[];
}

export function createSelect({ facts, hosts, factSpecs }: SelectDeps): SelectService {
  const bodyNow = (digest: string): unknown => facts.bodyNow(digest);
  const bodyOf = (host: HostEntry, fact: string): unknown => bodyNow(host.facts.get(fact)?.digest ?? '');
  const environment = createSelectorEnvironment(factSpecs, bodyOf);
  const compiled = new Map<string, Selector>();

  const compile = (text: string): Selector => {
    const known = compiled.get(text);
    if (known !== undefined) return known;
    const selector = compileSelector(text, environment, bodyNow);
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    if (text.length <= SELECTOR_CHARS_MAX) compiled.set(text, selector);
    return selector;
  };
  return {
    compile,
    compileScope(text) {
      assertScope(text, environment);
      return compile(text);
    },
    async run(text) {
      const selector = compile(text);
      for (const fact of selector.facts) await facts.warm(fact);
      const matched: HostEntry[] = [];
      const undetermined: HostEntry[] = [];
      for (const host of hosts.index.values()) {
        const verdict = selector.evaluate(host);
        if (verdict === 'true') matched.push(host);
        else if (verdict === 'unknown') undetermined.push(host);
      }
      return { matched, undetermined };
    },
  };
}
