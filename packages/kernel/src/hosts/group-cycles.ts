import type { Selector } from '../select/service.ts';
import { isWithin } from './group-tree.ts';
import type { GroupRecord } from './service.ts';

/** Which selector groups a selector may ask. */
function reached(selector: Pick<Selector, 'groupRefs'>, selectorPaths: readonly string[]): readonly string[] {
  const { groupRefs } = selector;
  if (groupRefs === null) return selectorPaths;
  return selectorPaths.filter((path) => groupRefs.some((ref) => isWithin(path, ref)));
}

/**
 * The group through which a group with this selector would come to ask for itself; null when it would not. `compile` may
 * throw for groups whose facts have gone: those ask nobody.
 */
export function findCycle(
  groups: ReadonlyMap<string, GroupRecord>,
  changed: { path: string; selector: string },
  compile: (text: string) => Pick<Selector, 'groupRefs'> | null,
): string | null {
  const texts = new Map<string, string>();
  for (const group of groups.values()) if (group.kind === 'selector') texts.set(group.path, group.selector);
  texts.set(changed.path, changed.selector);
  const paths = [...texts.keys()];
  const seen = new Set<string>();
  const waiting = [changed.path];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const selector = compile(texts.get(path) ?? '');
    if (selector === null) continue;
    for (const next of reached(selector, paths)) {
      if (next === changed.path) return path;
      if (!seen.has(next)) waiting.push(next);
      seen.add(next);
    }
  }
  return null;
}
