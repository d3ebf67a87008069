import type { Finding, HostId, JsonObject, Page, PageQuery, Severity } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';

export interface RaisedFinding {
  readonly kind: string;
  readonly hostId: HostId | null;
  readonly key: string;
  readonly evidence: JsonObject;
  /** Absent: the severity its FindingSpec declares. */
  readonly severity?: Severity;
}

export interface FindingsFilter {
  readonly state?: Finding['state'] | undefined;
  readonly kind?: string | undefined;
  readonly hostId?: HostId | undefined;
  readonly severityMin?: Severity | undefined;
  /** Null: all hosts. */
  readonly hostIds: ReadonlySet<HostId> | null;
}

/** What is wrong, how long, and who knows of it. */
export interface FindingsService {
  /** Opens it, or moves `lastSeen` of the one that is open; a resolved one opens again. */
  raise(transaction: Transaction, finding: RaisedFinding): Promise<void>;
  /**
   * Says what is wrong now of one kind on one host: raises those, resolves the others of that kind and host.
   * Writes nothing when nothing changed.
   */
  reconcile(
    kind: string,
    hostId: HostId,
    now: readonly Omit<RaisedFinding, 'kind' | 'hostId'>[],
  ): Promise<void>;
  get(id: string): Promise<Finding | null>;
  list(filter: FindingsFilter, page: PageQuery): Promise<Page<Finding>>;
}
