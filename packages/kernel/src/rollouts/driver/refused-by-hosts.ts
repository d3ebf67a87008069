/**
 * What hosts in strict mode turned away: a plan that too few people signed, a mandate that is used up. Somebody tried to have
 * a host do more than people let it, so it stands in the audit and in the feed by itself, with its reason, and not as one
 * failure among others. Not for hosts that refuse because they are busy, late or lack the program.
 */
import { agentAuthorityErrors, canonicalJson, type HostId, type JsonObject } from '@pilothouse/contract';
import type { EndedTask } from '../result-store.ts';

/** Hosts that one record names; the rest is counted. */
const HOSTS_NAMED_MAX = 1000;
/** Reasons told apart in one commit, so that hosts which make theirs up cannot flood the audit. */
const REASONS_MAX = 20;

interface HostsRefusal {
  readonly code: string;
  readonly details: JsonObject;
  readonly hosts: readonly HostId[];
  readonly hostsCount: number;
}

/** One entry for each reason, in the order in which tasks ended; reasons beyond the limit are left to the tasks themselves. */
export function refusedByHosts(ended: readonly EndedTask[]): HostsRefusal[] {
  const byReason = new Map<string, { code: string; details: JsonObject; hosts: HostId[] }>();
  for (const { hostId, body } of ended) {
    const error = body.outcome?.kind === 'refused' ? body.outcome.error : null;
    if (error === null || !Object.hasOwn(agentAuthorityErrors, error.code)) continue;
    const key = canonicalJson([error.code, error.details]);
    const known = byReason.get(key);
    if (known !== undefined) known.hosts.push(hostId);
    else if (byReason.size < REASONS_MAX) byReason.set(key, { ...error, hosts: [hostId] });
  }
  return [...byReason.values()].map(({ code, details, hosts }) => ({
    code,
    details,
    hosts: hosts.slice(0, HOSTS_NAMED_MAX),
    hostsCount: hosts.length,
  }));
}
