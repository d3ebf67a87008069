import type { Event, HostId } from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostEntry } from '../hosts/service.ts';

export type EventFilter = (event: Event) => boolean;

/**
 * What a reader may see: events of hosts in his scope. Events of no single host, and of hosts that are no longer
 * registered, are for those whose scope is the whole fleet.
 */
export function eventFilter(
  principal: Principal,
  hosts: ReadonlyMap<HostId, HostEntry>,
  type: string | undefined,
): EventFilter {
  const scope = principal.scope('events.read');
  const isType = typeFilter(type);
  return (event) => {
    if (!isType(event.type)) return false;
    if (scope.isAll) return true;
    const host = event.hostId === null ? undefined : hosts.get(event.hostId);
    return host !== undefined && scope.includes(host);
  };
}

function typeFilter(wanted: string | undefined): (type: string) => boolean {
  if (wanted === undefined) return () => true;
  if (!wanted.endsWith('.*')) return (type) => type === wanted;
  const noun = wanted.slice(0, -1);
  return (type) => type.startsWith(noun);
}
