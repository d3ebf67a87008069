import { compareText } from '@pilothouse/base';
import { type FactsService, type HostEntry, hostsByFact, shownHosts } from '@pilothouse/kernel';
import { servicesFact } from '@pilothouse/plugin-inventory/contract';
import { GROUP_HOSTS_SHOWN_MAX, type UnitGroup, type UnitStates } from '../contract.ts';

/** Hosts by the state of one unit. Each distinct list of services is read once, however many hosts share it. */
export async function groupUnitStates(
  hosts: readonly HostEntry[],
  facts: Pick<FactsService, 'body'>,
  unit: string,
): Promise<UnitStates> {
  const byState = new Map<string, Pick<UnitGroup, 'state' | 'sub' | 'enabled'> & { hosts: HostEntry[] }>();
  let withoutCount = 0;
  let unknownCount = 0;
  for await (const { body, hosts: members } of hostsByFact(hosts, facts, servicesFact)) {
    if (body === null) {
      unknownCount += members.length;
      continue;
    }
    const found = body.units.find(({ name }) => name === unit);
    if (found === undefined) {
      withoutCount += members.length;
      continue;
    }
    const { state, sub, enabled } = found;
    const key = JSON.stringify([state, sub, enabled]);
    const group = byState.get(key) ?? { state, sub, enabled, hosts: [] };
    group.hosts.push(...members);
    byState.set(key, group);
  }
  const groups = [...byState.values()]
    .map(({ hosts: members, ...state }) => ({
      ...state,
      hostsCount: members.length,
      hosts: shownHosts(members, GROUP_HOSTS_SHOWN_MAX),
    }))
    .sort((a, b) => b.hostsCount - a.hostsCount || compareText(a.state + a.sub, b.state + b.sub));
  return { unit, groups, withoutCount, unknownCount };
}
