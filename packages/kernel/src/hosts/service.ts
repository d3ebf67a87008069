import type { Host, HostId, Labels, TargetRequest, Vitals } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';

/** One host in the in-memory index: what selectors, scopes and the rollout engine read without a query. */
export interface HostEntry {
  readonly id: HostId;
  readonly name: string;
  readonly state: Host['state'];
  readonly labels: Labels;
  /** Fixed groups alone, so that role scopes may rest on them; selector groups are decided by `GroupsService`. */
  readonly groups: readonly string[];
  readonly isOnline: boolean;
  /** Milliseconds since the epoch of the last change of `isOnline`. */
  readonly presenceSince: number;
  readonly isInMaintenance: boolean;
  readonly lastSeen: number | null;
  readonly address: string | null;
  readonly arch: string | null;
  readonly agentVersion: string | null;
  readonly bootId: string | null;
  readonly vitals: Vitals | null;
  /** Current digest and age by fact. Facts room keeps it up to date. */
  readonly facts: ReadonlyMap<string, { readonly digest: string; readonly seenAt: number }>;
}

/** `before` null: added. `after` null: removed. */
export interface HostIndexChange {
  readonly before: HostEntry | null;
  readonly after: HostEntry | null;
}

/** What the facts room says of one fact of a host; a null digest: there is none. */
export interface NotedFact {
  readonly fact: string;
  readonly digest: string | null;
  readonly seenAt: number;
}

export interface NewHost {
  /** When the caller had to know it before; otherwise it is made. */
  readonly id?: HostId;
  readonly name: string;
  readonly labels: Labels;
  readonly groups: readonly string[];
  readonly state: 'active' | 'pending';
  readonly machineId: string;
  readonly arch: string;
  readonly agentVersion: string;
}

export interface SessionFacts {
  readonly address: string;
  readonly name: string;
  readonly arch: string;
  readonly agentVersion: string;
  readonly bootId: string;
}

/** The registry of hosts: who they are, what operators say of them, whether they are there. */
export interface HostsService {
  /** All hosts but the decommissioned, by id. The same map instance; entries are replaced, never changed in place. */
  readonly index: ReadonlyMap<HostId, HostEntry>;
  /** The record of one host, decommissioned ones included; null when unknown. */
  get(id: HostId): Promise<Host | null>;
  recordOf(entry: HostEntry): Host;
  /** Hosts in the order of lists: by name, then id. */
  sorted(): readonly HostEntry[];
  /** Decommissioned hosts, in the same order. */
  decommissioned(): Promise<Host[]>;
  /** By id, or by name when exactly one host has it; null when none. AppError HOST_NAME_AMBIGUOUS lists the ids. */
  resolve(nameOrId: string): HostEntry | null;
  add(transaction: Transaction, host: NewHost): Promise<HostId>;
  accept(transaction: Transaction, id: HostId): Promise<void>;
  /** The name is what it was at enrolment until a person changes it: scopes may rest on it. */
  rename(transaction: Transaction, id: HostId, name: string): Promise<void>;
  setLabels(transaction: Transaction, id: HostId, labels: Labels): Promise<void>;
  setMaintenance(transaction: Transaction, id: HostId, maintenance: Host['maintenance']): Promise<void>;
  quarantine(transaction: Transaction, id: HostId, reason: 'clone' | 'operator' | 'hostile'): Promise<void>;
  release(transaction: Transaction, id: HostId): Promise<void>;
  /** Ends its registration; certificates are revoked by enrolment, history stays. */
  decommission(transaction: Transaction, id: HostId): Promise<void>;
  /** Presence, by the gateway. Not durable per heartbeat: `lastSeen` is written on change and every few minutes. */
  sessionOpened(id: HostId, facts: SessionFacts): Promise<void>;
  heartbeat(id: HostId, vitals: Vitals): void;
  sessionClosed(id: HostId): Promise<void>;
  /** Called by the facts room when digests of a host changed or were confirmed. */
  noteFacts(id: HostId, facts: readonly NotedFact[]): void;
  /**
   * Called after an entry was added, replaced or removed. Not called when only `vitals`, `lastSeen` or the age of a
   * fact moved: that happens a thousand times a second and decides nothing that cannot be read when it is needed.
   */
  onChange(listener: (change: HostIndexChange) => void): () => void;
}

/** A group as the registry keeps it; of a fixed one the members are those entries whose `groups` name it. */
export type GroupRecord = {
  readonly path: string;
  readonly description: string;
  readonly version: number;
} & ({ readonly kind: 'fixed' } | { readonly kind: 'selector'; readonly selector: string });

/** Groups as a tree by path. What a selector group holds is decided by the select room. */
export interface GroupsService {
  /** By path, in path order. Replaced when groups change, never changed in place. */
  readonly groups: ReadonlyMap<string, GroupRecord>;
  /** Creates or replaces; fixed members are set by `setMembers`. A change of kind drops the members. */
  put(
    transaction: Transaction,
    group: { path: string; description: string; selector: string | null },
  ): Promise<void>;
  remove(transaction: Transaction, path: string): Promise<void>;
  /** Hosts to add to and to drop from a fixed group. AppError GROUP_NOT_FIXED. */
  setMembers(
    transaction: Transaction,
    path: string,
    change: { add: readonly HostId[]; remove: readonly HostId[] },
  ): Promise<void>;
  /** Called after groups (not members: those change entries) changed. */
  onChange(listener: () => void): () => void;
}

/** A rule that rests on a selector, and through it on groups: `role:operator`, `budget:web`. */
export interface SelectorInUse {
  readonly user: string;
  readonly selector: string;
  /** Rights rest on it: its groups are fixed lists, and stay so. */
  readonly isScope?: true;
}

/** Turns a request for targets into hosts, now. Union of its parts, without pending and decommissioned hosts. */
export interface TargetResolver {
  resolve(target: TargetRequest): Promise<{
    readonly hosts: readonly HostEntry[];
    /** Hosts of which the selector could not be decided for want of facts. */
    readonly undetermined: readonly HostEntry[];
  }>;
  /** Whether one host is still meant; hosts given by id always are. */
  stillMatches(target: TargetRequest, host: HostEntry): boolean;
}
