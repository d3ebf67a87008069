import { nearestName } from '@pilothouse/base';
import { AppError, type TargetRequest } from '@pilothouse/contract';
import { createWarmer } from '../facts/index.ts';
import type { FactsService } from '../facts/service.ts';
import type { Selector, SelectService, Verdict } from '../select/service.ts';
import { isWithin } from './group-tree.ts';
import type { GroupsService, HostEntry, HostsService, TargetResolver } from './service.ts';

export interface TargetDeps {
  readonly hosts: Pick<HostsService, 'index'>;
  readonly groups: Pick<GroupsService, 'groups'>;
  readonly select: Pick<SelectService, 'compile' | 'run'>;
  readonly facts: Pick<FactsService, 'has' | 'bodyNow' | 'warm'>;
}

/** `inGroup` with the path as a text literal of the selector language. */
export const groupSelector = (path: string): string => `inGroup(${JSON.stringify(path)})`;

/** AppError GROUP_UNKNOWN when there is neither such a group nor one below it. */
export function requireGroup(groups: Pick<GroupsService, 'groups'>, path: string): void {
  const paths = [...groups.groups.keys()];
  if (paths.some((known) => isWithin(known, path))) return;
  throw new AppError('GROUP_UNKNOWN', { path, nearest: nearestName(path, paths) ?? '' });
}

export function createTargetResolver(deps: TargetDeps): TargetResolver {
  const { hosts, groups, select } = deps;
  const warmSoon = createWarmer(deps.facts);
  const textsOf = (target: TargetRequest): string[] => [
    ...(target.selector === undefined ? [] : [target.selector]),
    ...(target.groups ?? []).map(groupSelector),
  ];

  return {
    async resolve(target) {
      for (const path of target.groups ?? []) requireGroup(groups, path);
      const matched = new Map<string, HostEntry>();
      const undetermined = new Map<string, HostEntry>();
      for (const id of target.hostIds ?? []) {
        const host = hosts.index.get(id);
        if (host !== undefined) matched.set(id, host);
      }
      for (const text of textsOf(target)) {
        const result = await select.run(text);
        for (const host of result.matched) matched.set(host.id, host);
        for (const host of result.undetermined) undetermined.set(host.id, host);
      }
      const isMeant = (host: HostEntry) => host.state !== 'pending';
      return {
        hosts: [...matched.values()].filter(isMeant),
        undetermined: [...undetermined.values()].filter((host) => isMeant(host) && !matched.has(host.id)),
      };
    },
    stillMatches(target, host) {
      if (target.hostIds?.includes(host.id) === true) return true;
      return textsOf(target).some((text) => isStill({ ...deps, warmSoon }, select.compile(text), host));
    },
  };
}

/**
 * Only true matches. But a body that was stored and has merely left the memory is no reason to skip a host that was meant: it
 * is fetched for the next question, and the host passes this one.
 */
function isStill(
  { facts, warmSoon }: TargetDeps & { warmSoon: (fact: string) => void },
  selector: Selector,
  host: HostEntry,
): boolean {
  const verdict: Verdict = selector.evaluate(host);
  if (verdict !== 'unknown') return verdict === 'true';
  const forgotten = selector.facts.filter((fact) => {
    const digest = host.facts.get(fact)?.digest;
    return digest !== undefined && facts.has(fact, digest) && facts.bodyNow(digest) === null;
  });
  for (const fact of forgotten) warmSoon(fact);
  return forgotten.length > 0;
}
