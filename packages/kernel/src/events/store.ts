import { type Event, JsonObject, toTimestamp } from '@pilothouse/contract';
import { insertRows, type Store, type Transaction } from '@pilothouse/store';
import type { NewEvent } from './service.ts';

interface EventsTables {
  events_event: { cursor: number; type: string; at: number; host_id: string | null; data: string };
  events_feed: { id: number; latest: number; dropped_through: number };
}

/** `droppedThrough`: the newest cursor that retention has removed; 0 when all events are there. */
export interface FeedRange {
  readonly latest: number;
  readonly droppedThrough: number;
}

const FEED_ID = 1;

export async function readRange(store: Store): Promise<FeedRange> {
  const row = await store.as<EventsTables>().selectFrom('events_feed').selectAll().executeTakeFirst();
  return { latest: row?.latest ?? 0, droppedThrough: row?.dropped_through ?? 0 };
}

/** Gives the events their cursors and writes them. */
export async function insertEvents(
  transaction: Transaction,
  events: readonly NewEvent[],
  at: number,
): Promise<Event[]> {
  const db = transaction.as<EventsTables>();
  const { latest } = await db
    .insertInto('events_feed')
    .values({ id: FEED_ID, latest: events.length, dropped_through: 0 })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet((row) => ({ latest: row('events_feed.latest', '+', events.length) })),
    )
    .returning('latest')
    .executeTakeFirstOrThrow();
  const first = latest - events.length + 1;
  const rows = events.map((event, i) => ({
    cursor: first + i,
    type: event.type,
    at,
    host_id: event.hostId,
    data: JSON.stringify(event.data),
  }));
  await insertRows(
    rows,
    (chunk) => db.insertInto('events_event').values(chunk).compile(),
    (query) => db.executeQuery(query),
  );
  return rows.map(eventOf);
}

export async function readAfter(store: Store, cursor: number, limit: number): Promise<Event[]> {
  const rows = await store
    .as<EventsTables>()
    .selectFrom('events_event')
    .selectAll()
    .where('cursor', '>', cursor)
    .orderBy('cursor')
    .limit(limit)
    .execute();
  return rows.map(eventOf);
}

export async function dropThrough(transaction: Transaction, cursor: number): Promise<void> {
  const db = transaction.as<EventsTables>();
  await db.deleteFrom('events_event').where('cursor', '<=', cursor).execute();
  await db.updateTable('events_feed').set({ dropped_through: cursor }).where('id', '=', FEED_ID).execute();
}

function eventOf(row: EventsTables['events_event']): Event {
  return {
    cursor: row.cursor,
    type: row.type,
    at: toTimestamp(row.at),
    hostId: row.host_id,
    data: JsonObject.parse(JSON.parse(row.data)),
  };
}
