import type { Event, HostId, JsonObject } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';

export interface NewEvent {
  readonly type: string;
  readonly hostId: HostId | null;
  readonly data: JsonObject;
}

/** The bus and its durable feed. An event exists exactly when the transaction that published it committed. */
export interface EventsService {
  publish(transaction: Transaction, events: readonly NewEvent[]): Promise<void>;
  /** Events after `cursor` in order, at most `limit`; AppError EVENTS_GONE when retention has dropped some of them. */
  after(cursor: number, limit: number): Promise<Event[]>;
  latestCursor(): Promise<number>;
  /** Called after commit, in order, never concurrently with itself. Returns unsubscribe. */
  subscribe(listener: (event: Event) => void): () => void;
}

/** The same with what readers of the API need beside it. */
export interface EventFeed extends EventsService {
  /** The smallest cursor that `after` accepts: all later events are there. */
  oldestCursor(): Promise<number>;
}
