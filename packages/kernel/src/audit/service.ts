import type { Actor, AuditCheckpoint, AuditRecord, JsonObject, Page, PageQuery } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';

export interface NewAuditRecord {
  readonly actor: Actor;
  readonly action: string;
  readonly subject: string;
  readonly details: JsonObject;
  readonly requestId: string | null;
}

/** What people answer for: hash-chained, in the same transaction as the thing it records. */
export interface AuditService {
  append(transaction: Transaction, records: readonly NewAuditRecord[]): Promise<void>;
  list(
    query: PageQuery & { action?: string | undefined; subject?: string | undefined },
  ): Promise<Page<AuditRecord>>;
}

/** The same with what witnesses and exports need. */
export interface AuditTrail extends AuditService {
  /** Signs the end of the chain as it is now; the latest checkpoint when nothing came since. */
  checkpointNow(): Promise<AuditCheckpoint>;
  /** Without waiting: what agents are given to keep. Null before the first. */
  readonly latestCheckpoint: AuditCheckpoint | null;
  /** Records after sequence `after`, oldest first, read in pages as they are taken. */
  export(query: {
    after: number;
    action?: string | undefined;
    subject?: string | undefined;
  }): AsyncIterable<AuditRecord>;
}
