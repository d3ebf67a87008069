import type {
  Actor,
  Finding,
  FindingSpec,
  HostId,
  JsonObject,
  Page,
  PageQuery,
  Severity,
} from '@pilothouse/contract';
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
  /** Milliseconds since the epoch: wrong since then, or since later. */
  readonly firstSeenMin?: number | undefined;
  /** Null: all hosts. */
  readonly hostIds: ReadonlySet<HostId> | null;
}

/** What is wrong, how long, and who knows of it. */
export interface FindingsService {
  /** Opens it, or moves `lastSeen` of the one that is open; a resolved one opens again. Of a host that is gone it says nothing. */
  raise(transaction: Transaction, finding: RaisedFinding): Promise<void>;
  /**
   * Says what is wrong now of one kind on one host (null: on none in particular): raises those, resolves the others of
   * that kind and host. Writes nothing when nothing changed. Of a host the first hundred are told, and the last hundred that
   * are over are kept.
   */
  reconcile(
    kind: string,
    hostId: HostId | null,
    now: readonly Omit<RaisedFinding, 'kind' | 'hostId'>[],
  ): Promise<void>;
  get(id: string): Promise<Finding | null>;
  list(filter: FindingsFilter, page: PageQuery): Promise<Page<Finding>>;
}

/** Who asks, and which version of the finding he saw (null: whichever is there). */
export interface FindingEdit {
  readonly id: string;
  readonly by: Actor;
  readonly requestId: string | null;
  readonly ifMatch: string | null;
}

/** The same with what people may do. */
export interface FindingsBook extends FindingsService {
  readonly specs: ReadonlyMap<string, FindingSpec>;
  /** AppError NOT_FOUND, EDIT_CONFLICT, FINDING_RESOLVED, FINDING_UNTIL_INVALID. */
  acknowledge(edit: FindingEdit, say: { reason: string; until: number }): Promise<Finding>;
  /** AppError NOT_FOUND, EDIT_CONFLICT, FINDING_NOT_ACKNOWLEDGED. */
  unacknowledge(edit: FindingEdit): Promise<Finding>;
  /** Resolves what a host has of one kind or (null) of all, when nobody will detect there any more that it is over. */
  resolveHost(transaction: Transaction, hostId: HostId, kind: string | null): Promise<void>;
}
