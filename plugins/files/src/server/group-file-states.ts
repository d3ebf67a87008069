import { compareText } from '@pilothouse/base';
import type { FactsService, HostEntry } from '@pilothouse/kernel';
import {
  type FileGroup,
  type FileStates,
  GROUP_HOSTS_SHOWN_MAX,
  managedFilesFact,
  PATHS_SHOWN_MAX,
} from '../contract.ts';

/** Hosts by managed file and drift. Each distinct list is read once, however many hosts share it. */
export async function groupFileStates(
  hosts: readonly HostEntry[],
  facts: Pick<FactsService, 'body'>,
  path: string | null,
): Promise<FileStates> {
  const found = new Map<string, Pick<FileGroup, 'path' | 'digest' | 'drift'> & { hosts: HostEntry[] }>();
  let unknownCount = 0;
  const byDigest = Map.groupBy(hosts, (host) => host.facts.get(managedFilesFact.name)?.digest ?? '');
  for (const [digest, members] of byDigest) {
    const body = digest === '' ? null : managedFilesFact.body.safeParse(await facts.body(digest));
    if (!body?.success) {
      unknownCount += members.length;
      continue;
    }
    for (const file of body.data.files) {
      if (path !== null && file.path !== path) continue;
      const key = JSON.stringify([file.path, file.digest, file.drift]);
      const group = found.get(key) ?? { ...file, hosts: [] };
      group.hosts.push(...members);
      found.set(key, group);
    }
  }
  const groups = [...found.values()]
    .map(({ hosts: members, ...file }) => ({
      ...file,
      hostsCount: members.length,
      hosts: members
        .toSorted((a, b) => compareText(a.name, b.name))
        .slice(0, GROUP_HOSTS_SHOWN_MAX)
        .map(({ id, name }) => ({ id, name })),
    }))
    .sort((a, b) => compareText(a.path, b.path) || b.hostsCount - a.hostsCount);
  const leftOut = Math.max(0, groups.length - PATHS_SHOWN_MAX);
  return { groups: groups.slice(0, PATHS_SHOWN_MAX), leftOut, unknownCount };
}
