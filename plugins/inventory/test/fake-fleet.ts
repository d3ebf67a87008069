import type { FactChange, FactsService, FindingsService, HostEntry, HostsService } from '@pilothouse/kernel';

type Listener<T> = (value: T) => void;

/**
 * A fleet in memory, as the inventory plugin's server room sees it. The kernel's own rooms have tests of their own; here
 * their listeners are called by hand, so that each test says exactly what happened.
 */
export function fakeFleet() {
  const index = new Map<string, HostEntry>();
  const bodies = new Map<string, unknown>();
  const open = new Map<string, readonly unknown[]>();
  const reads: string[] = [];
  const writes: string[] = [];
  const factListeners = new Set<Listener<readonly FactChange[]>>();
  const hostListeners = new Set<Listener<{ before: HostEntry | null; after: HostEntry | null }>>();
  const on = <T>(listeners: Set<Listener<T>>, listener: Listener<T>) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };

  const hosts = {
    index,
    onChange: (listener: Parameters<HostsService['onChange']>[0]) => on(hostListeners, listener),
  };
  const facts = {
    async body(digest: string) {
      reads.push(digest);
      return bodies.get(digest) ?? null;
    },
    onChange: (listener: Parameters<FactsService['onChange']>[0]) => on(factListeners, listener),
  };
  const findings = {
    async reconcile(...[kind, hostId, now]: Parameters<FindingsService['reconcile']>) {
      writes.push(`${kind} ${hostId}`);
      open.set(`${kind} ${hostId}`, now);
    },
  };
  return {
    // Only these members are used by the plugin; the rest of each service stays out of its tests.
    kernel: { hosts, facts, findings } as unknown as {
      hosts: HostsService;
      facts: FactsService;
      findings: FindingsService;
    },
    bodies,
    open,
    reads,
    writes,
    listenersCount: () => factListeners.size + hostListeners.size,
    setHost(id: string, facts: Record<string, string>, agentVersion = '1.0.0') {
      const before = index.get(id) ?? null;
      const seen = Object.entries(facts).map(([fact, digest]) => [fact, { digest, seenAt: 0 }] as const);
      const after: HostEntry = {
        id,
        name: `name-${id}`,
        state: 'active',
        labels: {},
        groups: [],
        isOnline: true,
        presenceSince: 0,
        isInMaintenance: false,
        lastSeen: 0,
        address: null,
        arch: 'x86_64',
        agentVersion,
        bootId: null,
        vitals: null,
        facts: new Map(seen),
      };
      index.set(id, after);
      for (const listener of hostListeners) listener({ before, after });
    },
    changeFact(hostId: string, fact: string, after: string) {
      for (const listener of factListeners) listener([{ hostId, fact, before: null, after, at: 0 }]);
    },
  };
}
