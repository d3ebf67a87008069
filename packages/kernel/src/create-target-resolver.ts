import type { TargetRequest } from '@pilothouse/contract';
import type { GroupsService, HostEntry, HostsService, TargetResolver } from './hosts/index.ts';
import type { SelectService, Verdict } from './select/index.ts';

export interface TargetResolverDeps {
  readonly hosts: Pick<HostsService, 'index'>;
  readonly groups: Pick<GroupsService, 'groups'>;
  readonly select: Pick<SelectService, 'compile'>;
  readonly facts: { warm(fact: string): Promise<void> };
}

type Judge = (host: HostEntry) => Verdict;

/** Joins what three rooms know: lists of hosts, groups with all groups below them, and selectors. */
export function createTargetResolver(deps: TargetResolverDeps): TargetResolver {
  const selectorsOf = (target: TargetRequest) => {
    const wanted = target.groups ?? [];
    const groupSelectors = [...deps.groups.groups.values()].flatMap((group) =>
      group.kind === 'selector' && wanted.some((root) => isWithin(group.path, root)) ? [group.selector] : [],
    );
    const texts = target.selector === undefined ? groupSelectors : [target.selector, ...groupSelectors];
    return texts.map((text) => deps.select.compile(text));
  };
  const judgeOf = (target: TargetRequest): Judge => {
    const ids = new Set(target.hostIds ?? []);
    const roots = target.groups ?? [];
    const selectors = selectorsOf(target);
    return (host) => {
      if (ids.has(host.id)) return 'true';
      if (host.groups.some((path) => roots.some((root) => isWithin(path, root)))) return 'true';
      const verdicts = selectors.map((selector) => selector.evaluate(host));
      if (verdicts.includes('true')) return 'true';
      return verdicts.includes('unknown') ? 'unknown' : 'false';
    };
  };
  return {
    async resolve(target) {
      const facts = new Set(selectorsOf(target).flatMap((selector) => selector.facts));
      for (const fact of facts) await deps.facts.warm(fact);
      const judge = judgeOf(target);
      const hosts: HostEntry[] = [];
      const undetermined: HostEntry[] = [];
      for (const host of deps.hosts.index.values()) {
        if (host.state === 'pending') continue;
        const verdict = judge(host);
        if (verdict === 'true') hosts.push(host);
        else if (verdict === 'unknown') undetermined.push(host);
      }
      return { hosts, undetermined };
    },
    stillMatches: (target, host) => judgeOf(target)(host) === 'true',
  };
}

const isWithin = (path: string, root: string): boolean => path === root || path.startsWith(`${root}/`);
