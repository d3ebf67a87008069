import type { DownCause, HostId } from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import { allowedIn, type BudgetRoll, domainsOf, downHosts } from './budget-roll.ts';
import type { LeaseRow } from './budgets-store.ts';
import type { BudgetRefusal, DomainDown } from './service.ts';

/** Who takes the room of one domain, with what each host is down for and since when. */
export function downIn(
  { roll, leases }: { readonly roll: BudgetRoll; readonly leases: { leases: ReadonlyMap<string, LeaseRow> } },
  { name, domain: value }: Pick<BudgetRefusal, 'name' | 'domain'>,
): DomainDown | null {
  const domain = domainsOf(roll, name).find((each) => each.value === value);
  if (domain === undefined) return null;
  const leasesOf = byHost(leases.leases.values());
  const { per } = domain.budget;
  return {
    label: per === null ? null : `${per}=${value ?? ''}`,
    allowed: allowedIn(domain),
    down: (downHosts(roll, name).get(domain) ?? []).map(({ host, causes }) => {
      const held = leasesOf.get(host.id) ?? [];
      return {
        hostId: host.id,
        causes: causes.map((kind) => ({ kind, since: sinceOf(kind, host, held) })),
        leases: held.map(({ taskId, rolloutId, since }) => ({ taskId, rolloutId, since })),
      };
    }),
  };
}

function byHost(leases: Iterable<LeaseRow>): Map<HostId, LeaseRow[]> {
  const found = new Map<HostId, LeaseRow[]>();
  for (const lease of leases) found.set(lease.hostId, [...(found.get(lease.hostId) ?? []), lease]);
  return found;
}

function sinceOf(kind: DownCause, host: HostEntry, held: readonly LeaseRow[]): number | null {
  if (kind === 'lease') return Math.min(...held.map(({ since }) => since));
  return kind === 'offline' && !host.isOnline ? host.presenceSince : null;
}
