import { isWithin } from '../hosts/index.ts';
import type { GroupsService, HostEntry } from '../hosts/service.ts';
import { or } from './kleene.ts';
import type { Selector, Verdict } from './service.ts';

/** Which groups hold a host, as selectors see it: a group holds the hosts of the groups below it. */
export interface GroupVerdicts {
  readonly isIn: (host: HostEntry, path: string) => Verdict;
  /** The groups that hold it, each by its own list or selector; null when of some this cannot be decided. */
  readonly pathsOf: (host: HostEntry) => readonly string[] | null;
  /** Facts that selector groups read. */
  readonly facts: () => readonly string[];
}

/** Fixed lists alone, for role scopes: a host must not be able to report itself into one. */
export const fixedGroups: GroupVerdicts = {
  isIn: (host, path) => (host.groups.some((group) => isWithin(group, path)) ? 'true' : 'false'),
  pathsOf: (host) => host.groups,
  facts: () => [],
};

interface Compiled {
  readonly selector: Selector;
  /** Entries are replaced when anything about a host changes, so what was decided for one stays true. */
  readonly verdicts: WeakMap<HostEntry, Verdict>;
}

/**
 * All groups. Selectors of groups are compiled when somebody asks, and again after groups changed. One that no longer
 * compiles, because a plugin and its facts have gone, is undetermined for every host. Cycles are refused when a group is
 * put; should one get here none the less, the group is undetermined where it asks for itself.
 */
export function createGroupVerdicts(
  groups: Pick<GroupsService, 'groups' | 'onChange'>,
  compile: (text: string) => Selector,
): GroupVerdicts {
  let compiled: ReadonlyMap<string, Compiled | null> | null = null;
  const asking = new Set<string>();

  const compileAll = (): ReadonlyMap<string, Compiled | null> => {
    const all = new Map<string, Compiled | null>();
    for (const [path, group] of groups.groups)
      if (group.kind === 'selector') all.set(path, compileOne(compile, group.selector));
    return all;
  };
  const selectorGroups = () => {
    compiled ??= compileAll();
    return compiled;
  };
  const verdictOf = (host: HostEntry, path: string, group: Compiled | null): Verdict => {
    if (group === null || asking.has(path)) return 'unknown';
    const known = group.verdicts.get(host);
    if (known !== undefined) return known;
    asking.add(path);
    try {
      const verdict = group.selector.evaluate(host);
      // A body may arrive later without any change of the host.
      if (verdict !== 'unknown') group.verdicts.set(host, verdict);
      return verdict;
    } finally {
      asking.delete(path);
    }
  };
  groups.onChange(() => {
    compiled = null;
  });

  return {
    isIn(host, path) {
      let verdict = fixedGroups.isIn(host, path);
      for (const [other, group] of selectorGroups()) {
        if (verdict === 'true') break;
        if (isWithin(other, path)) verdict = or(verdict, verdictOf(host, other, group));
      }
      return verdict;
    },
    pathsOf(host) {
      const paths = [...host.groups];
      for (const [path, group] of selectorGroups()) {
        const verdict = verdictOf(host, path, group);
        if (verdict === 'unknown') return null;
        if (verdict === 'true') paths.push(path);
      }
      return paths;
    },
    facts: () => [
      ...new Set([...selectorGroups().values()].flatMap((group) => group?.selector.ownFacts ?? [])),
    ],
  };
}

function compileOne(compile: (text: string) => Selector, text: string): Compiled | null {
  try {
    return { selector: compile(text), verdicts: new WeakMap() };
  } catch {
    // It compiled when it was put; the check of the group shows what is wrong with it now.
    return null;
  }
}
