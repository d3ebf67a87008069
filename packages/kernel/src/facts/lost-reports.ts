import { type Clock, MINUTE_MS } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';

/** A store that refused a report is left alone for so long before a host has to look again for it. */
const PAUSE_MS = 5 * MINUTE_MS;
/** Hosts that are asked in one go: each starts a process for it, and what they find is written at once. */
const ASKED_AT_ONCE_MAX = 250;

export interface LostReportsDeps {
  readonly clock: Clock;
  /** Rejects while the store cannot be read. */
  readonly settled: (hostId: HostId) => Promise<void>;
  readonly lookAgain: (hostId: HostId, facts: readonly string[]) => void;
}

/**
 * Facts that hosts have reported and the store did not take. A host says a change once: what was lost here would stay unknown
 * until it changes again or the host says everything anew, hours later. So it is asked to look again when some time has
 * passed. Kept in memory alone: after a start each host says what the store lacks.
 */
export interface LostReports {
  readonly note: (hostId: HostId, facts: readonly string[]) => void;
  /** What it says of these now is stored. */
  readonly stored: (hostId: HostId, facts: readonly string[]) => void;
  readonly forget: (hostId: HostId) => void;
  readonly ask: () => Promise<void>;
}

export function createLostReports({ clock, settled, lookAgain }: LostReportsDeps): LostReports {
  const lost = new Map<HostId, { readonly facts: Set<string>; until: number }>();
  return {
    note(hostId, facts) {
      const entry = lost.get(hostId) ?? { facts: new Set<string>(), until: 0 };
      for (const fact of facts) entry.facts.add(fact);
      entry.until = clock.monotonic() + PAUSE_MS;
      lost.set(hostId, entry);
    },
    stored(hostId, facts) {
      const entry = lost.get(hostId);
      if (entry === undefined) return;
      for (const fact of facts) entry.facts.delete(fact);
      if (entry.facts.size === 0) lost.delete(hostId);
    },
    forget: (hostId) => void lost.delete(hostId),
    async ask() {
      const due = [...lost].filter(([, { until }]) => until <= clock.monotonic());
      for (const [hostId, { facts }] of due.slice(0, ASKED_AT_ONCE_MAX)) {
        await settled(hostId);
        // One that has no session says all that the store lacks when it comes.
        if (lost.delete(hostId)) lookAgain(hostId, [...facts]);
      }
    },
  };
}
