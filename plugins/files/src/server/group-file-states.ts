import { compareText } from '@pilothouse/base';
import { type FactsService, type HostEntry, hostsByFact, shownHosts } from '@pilothouse/kernel';
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
  for await (const { body, hosts: members } of hostsByFact(hosts, facts, managedFilesFact)) {
    if (body === null) {
      unknownCount += members.length;
      continue;
    }
    for (const file of body.files) {
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
      hosts: shownHosts(members, GROUP_HOSTS_SHOWN_MAX),
    }))
    .sort((a, b) => compareText(a.path, b.path) || b.hostsCount - a.hostsCount);
  const leftOut = Math.max(0, groups.length - PATHS_SHOWN_MAX);
  return { groups: groups.slice(0, PATHS_SHOWN_MAX), leftOut, unknownCount };
}
