import type { JsonObject } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';

export interface Notification {
  readonly channel: string;
  readonly subject: string;
  readonly text: string;
  /** For machines: the webhook's body carries it. */
  readonly data: JsonObject;
}

/** Tells people outside: signed webhooks and e-mail, queued durably and retried. */
export interface NotificationsService {
  /** Queued with the transaction, sent after its commit. An unknown channel is kept as a failed delivery, never lost. */
  enqueue(transaction: Transaction, notification: Notification): Promise<void>;
  hasChannel(name: string): boolean;
}
