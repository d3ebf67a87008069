import type { Finding } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import { unresolvedNames } from './store.ts';

/**
 * Where something may be wrong: of which kinds on which hosts.
 *
 * Problem: rooms say again and again of every host that nothing is wrong with it: with each session, with each fact, and every ten
 * minutes of all of them. A question to the store for each was a tenth of what a fleet cost that comes back.
 *
 * Rule: a kind is noted for a host before a finding of it is written, and is never taken out. So where nothing is noted the
 * store holds nothing that is not resolved, whatever is under way; where something is, the store is asked.
 *
 * Limits: it forgets what was resolved only with the process. It holds an entry a host and kind that had a finding.
 */
export interface Standing {
  note(finding: Pick<Finding, 'kind' | 'hostId'>): void;
  mayHold(kind: string, hostId: string | null): boolean;
}

const keyOf = (kind: string, hostId: string | null): string => `${kind} ${hostId ?? ''}`;

export async function openStanding(store: Store): Promise<Standing> {
  const noted = new Set<string>();
  for (const { kind, host_id } of await unresolvedNames(store)) noted.add(keyOf(kind, host_id));
  return {
    note: ({ kind, hostId }) => void noted.add(keyOf(kind, hostId)),
    mayHold: (kind, hostId) => noted.has(keyOf(kind, hostId)),
  };
}
