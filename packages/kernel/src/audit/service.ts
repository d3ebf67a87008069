import type { Actor, AuditRecord, JsonObject, Page, PageQuery } from '@pilothouse/contract';
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
