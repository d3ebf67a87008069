import { type HostId, type Labels, labelOf, type RedundancySet } from '@pilothouse/contract';

export interface RedundancySets {
  /** Of each set with at least two members among the hosts. */
  readonly sets: readonly { readonly name: string; readonly membersCount: number }[];
  /** For each host the numbers of its sets. */
  readonly setsOf: readonly (readonly number[])[];
}

interface Member {
  readonly id: HostId;
  readonly labels: Labels;
}

/** Which of the hosts stand in for each other. `membersOf`: who is in a group, decided by whoever knows groups. */
export function redundancySets(
  apart: readonly RedundancySet[],
  hosts: readonly Member[],
  membersOf: ReadonlyMap<string, ReadonlySet<HostId>>,
): RedundancySets {
  const membersByName = new Map<string, number[]>();
  const join = (name: string, index: number): void => {
    const members = membersByName.get(name);
    if (members === undefined) membersByName.set(name, [index]);
    else if (members.at(-1) !== index) members.push(index);
  };
  for (const set of apart) {
    const named = set.kind === 'hosts' ? new Set(set.hostIds) : null;
    for (const [index, host] of hosts.entries()) {
      if (set.kind === 'label') {
        const value = labelOf(host.labels, set.label);
        if (value !== undefined) join(`${set.label}=${value}`, index);
      } else if (set.kind === 'group') {
        if (membersOf.get(set.path)?.has(host.id) === true) join(set.path, index);
      } else if (named?.has(host.id) === true) join(set.name, index);
    }
  }
  const sets: { name: string; membersCount: number }[] = [];
  const setsOf = hosts.map((): number[] => []);
  for (const [name, members] of membersByName) {
    if (members.length < 2) continue;
    for (const index of members) setsOf[index]?.push(sets.length);
    sets.push({ name, membersCount: members.length });
  }
  return { sets, setsOf };
}

/** All hosts in the order in which waves take them; why so: plan-waves.ts. */
export function spreadOrder(hostsCount: number, { sets, setsOf }: RedundancySets): number[] {
  const largestOf = (index: number): number | null => {
    const own = setsOf[index] ?? [];
    return own.length === 0
      ? null
      : own.reduce((a, b) => ((sets[b]?.membersCount ?? 0) > (sets[a]?.membersCount ?? 0) ? b : a));
  };
  const largest = Array.from({ length: hostsCount }, (_, index) => largestOf(index));
  const sizes = new Map<number | null, number>();
  for (const set of largest) sizes.set(set, (sizes.get(set) ?? 0) + 1);
  const seen = new Map<number | null, number>();
  const place = largest.map((set) => {
    const before = seen.get(set) ?? 0;
    seen.set(set, before + 1);
    // Sets start at different points of the way: else the first members of a hundred pairs would stand in one place.
    const start = set === null ? 0.5 : (set + 0.5) / sets.length;
    return (before + start) / (sizes.get(set) ?? 1);
  });
  return largest.map((_, index) => index).sort((a, b) => (place[a] ?? 0) - (place[b] ?? 0) || a - b);
}
