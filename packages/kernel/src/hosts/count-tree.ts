import { compareText } from '@pilothouse/base';
import type { TreeNode } from '@pilothouse/contract';
import type { SelectService } from '../select/service.ts';
import type { GroupRecord, HostEntry } from './service.ts';
import { groupSelector } from './target-resolver.ts';

/** Groups and the paths above them, with the hosts that they hold, each counted once. */
export function countTree(
  groups: ReadonlyMap<string, GroupRecord>,
  hosts: readonly HostEntry[],
  select: Pick<SelectService, 'compile'>,
): { items: TreeNode[]; ungrouped: number } {
  const items = [...withFolders([...groups.keys()])].sort(compareText).map((path): TreeNode => {
    const selector = select.compile(groupSelector(path));
    const group = groups.get(path);
    const node = { hosts: 0, online: 0, undetermined: 0 };
    for (const host of hosts) {
      const verdict = selector.evaluate(host);
      if (verdict === 'unknown') node.undetermined += 1;
      if (verdict !== 'true') continue;
      node.hosts += 1;
      if (host.isOnline) node.online += 1;
    }
    return { path, kind: group?.kind ?? 'folder', description: group?.description ?? '', ...node };
  });
  const roots = items.filter(({ path }) => !path.includes('/')).map(({ path }) => groupSelector(path));
  const selectors = roots.map((text) => select.compile(text));
  const ungrouped = hosts.filter((host) => selectors.every((each) => each.evaluate(host) === 'false')).length;
  return { items, ungrouped };
}

function withFolders(paths: readonly string[]): Set<string> {
  const all = new Set<string>();
  for (const path of paths) {
    const parts = path.split('/');
    for (let length = 1; length <= parts.length; length++) all.add(parts.slice(0, length).join('/'));
  }
  return all;
}
