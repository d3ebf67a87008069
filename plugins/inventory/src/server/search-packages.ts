import { AppError } from '@pilothouse/contract';
import { type FactsService, type HostEntry, hostsByFact, shownHosts } from '@pilothouse/kernel';
import {
  GROUP_HOSTS_SHOWN_MAX,
  type InstalledPackage,
  type PackageSearch,
  packagesFact,
  SEARCH_GROUPS_MAX,
} from '../contract.ts';
import { sortedBy } from '../domain/canonical-order.ts';
import { matchName } from '../domain/match-name.ts';

interface Found {
  readonly installed: InstalledPackage;
  readonly hosts: HostEntry[];
}

/** Which of these hosts have a package, grouped by version. Each distinct package list is searched once. */
export async function searchPackages(
  hosts: readonly HostEntry[],
  facts: Pick<FactsService, 'body'>,
  wanted: { readonly name: string; readonly isBySource: boolean },
): Promise<PackageSearch> {
  const found = new Map<string, Found>();
  let withoutCount = 0;
  let unknownCount = 0;
  for await (const { body, hosts: members } of hostsByFact(hosts, facts, packagesFact)) {
    if (body === null) {
      unknownCount += members.length;
      continue;
    }
    const matches = body.packages.filter((installed) => isWanted(installed, wanted));
    if (matches.length === 0) withoutCount += members.length;
    for (const installed of matches) addTo(found, installed, members);
    if (found.size > SEARCH_GROUPS_MAX) {
      throw new AppError('INVENTORY_SEARCH_TOO_BROAD', { name: wanted.name, limit: SEARCH_GROUPS_MAX });
    }
  }
  return { groups: groupsOf(found), withoutCount, unknownCount };
}

const isWanted = (
  installed: InstalledPackage,
  { name, isBySource }: { readonly name: string; readonly isBySource: boolean },
): boolean =>
  matchName(name, installed.name) ||
  (isBySource && installed.source !== null && matchName(name, installed.source));

function addTo(found: Map<string, Found>, installed: InstalledPackage, hosts: readonly HostEntry[]): void {
  const key = JSON.stringify([installed.name, installed.version, installed.arch, installed.source]);
  const entry = found.get(key) ?? { installed, hosts: [] };
  for (const host of hosts) entry.hosts.push(host);
  found.set(key, entry);
}

function groupsOf(found: ReadonlyMap<string, Found>): PackageSearch['groups'] {
  const groups = [...found.values()].map(({ installed: { name, version, arch, source }, hosts }) => ({
    name,
    version,
    arch,
    source,
    hostsCount: hosts.length,
    hosts: shownHosts(hosts, GROUP_HOSTS_SHOWN_MAX),
  }));
  return sortedBy(
    groups,
    (g) => g.name,
    (g) => g.version,
    (g) => g.arch,
    (g) => g.source ?? '',
  );
}
