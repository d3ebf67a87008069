import { Channel, JsonObject } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import { z } from 'zod';
import type { OutgoingMessage } from './outgoing.ts';

interface DeliveryTable {
  id: string;
  channel: string;
  body: string;
  state: string;
  attempts: number;
  created_at: number;
  next_at: number | null;
  ended_at: number | null;
  error: string | null;
}

interface NotificationsTables {
  notifications_channel: { name: string; body: string; sealed: string; version: number };
  notifications_delivery: DeliveryTable;
}

type Source = Pick<Store | Transaction, 'as'>;
const tables = (source: Source) => source.as<NotificationsTables>();

/** A channel with its settings still sealed. */
export interface ChannelRow {
  readonly channel: Channel;
  readonly sealed: string;
}

const DeliveryState = z.enum(['queued', 'delivered', 'dead']);

export interface DeliveryRow {
  readonly message: OutgoingMessage;
  readonly state: z.infer<typeof DeliveryState>;
  readonly attempts: number;
  /** Milliseconds since the epoch; null when it has ended. */
  readonly nextAt: number | null;
  readonly endedAt: number | null;
  readonly error: string | null;
}

const ChannelBody = Channel.omit({ name: true, etag: true });
const MessageBody = z.object({ subject: z.string(), text: z.string(), data: JsonObject });

export async function readChannels(store: Store): Promise<ChannelRow[]> {
  const rows = await tables(store).selectFrom('notifications_channel').selectAll().orderBy('name').execute();
  return rows.map(({ name, body, sealed, version }) => ({
    channel: { ...ChannelBody.parse(JSON.parse(body)), name, etag: String(version) },
    sealed,
  }));
}

export async function writeChannel(transaction: Transaction, { channel, sealed }: ChannelRow): Promise<void> {
  const { name, etag, ...body } = channel;
  const row = { body: JSON.stringify(body), sealed, version: Number(etag) };
  await tables(transaction)
    .insertInto('notifications_channel')
    .values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}

/** What waits for it is given up. */
export async function deleteChannel(
  transaction: Transaction,
  name: string,
  gone: { readonly at: number; readonly error: string },
): Promise<void> {
  await tables(transaction).deleteFrom('notifications_channel').where('name', '=', name).execute();
  await tables(transaction)
    .updateTable('notifications_delivery')
    .set({ state: 'dead', next_at: null, ended_at: gone.at, error: gone.error })
    .where('channel', '=', name)
    .where('state', '=', 'queued')
    .execute();
}

const rowOf = ({ message, state, attempts, nextAt, endedAt, error }: DeliveryRow): DeliveryTable => {
  const { id, channel, createdAt, ...body } = message;
  return {
    id,
    channel,
    body: JSON.stringify(body),
    state,
    attempts,
    created_at: createdAt,
    next_at: nextAt,
    ended_at: endedAt,
    error,
  };
};

const deliveryOf = (row: DeliveryTable): DeliveryRow => ({
  message: {
    ...MessageBody.parse(JSON.parse(row.body)),
    id: row.id,
    channel: row.channel,
    createdAt: Number(row.created_at),
  },
  state: DeliveryState.parse(row.state),
  attempts: row.attempts,
  nextAt: row.next_at === null ? null : Number(row.next_at),
  endedAt: row.ended_at === null ? null : Number(row.ended_at),
  error: row.error,
});

export async function insertDelivery(transaction: Transaction, delivery: DeliveryRow): Promise<void> {
  await tables(transaction).insertInto('notifications_delivery').values(rowOf(delivery)).execute();
}

export async function updateDelivery(transaction: Transaction, delivery: DeliveryRow): Promise<void> {
  const { state, attempts, next_at, ended_at, error } = rowOf(delivery);
  await tables(transaction)
    .updateTable('notifications_delivery')
    .set({ state, attempts, next_at, ended_at, error })
    .where('id', '=', delivery.message.id)
    .execute();
}

export async function readDelivery(source: Source, id: string): Promise<DeliveryRow | null> {
  const row = await tables(source)
    .selectFrom('notifications_delivery')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : deliveryOf(row);
}

export async function countQueued(source: Source): Promise<number> {
  const { count } = await tables(source)
    .selectFrom('notifications_delivery')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('state', '=', 'queued')
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Channels for which something is due, and when the next of all is; null: nothing waits. */
export async function readDue(
  store: Store,
  now: number,
): Promise<{ channels: string[]; nextAt: number | null }> {
  const due = await tables(store)
    .selectFrom('notifications_delivery')
    .select('channel')
    .distinct()
    .where('state', '=', 'queued')
    .where('next_at', '<=', now)
    .execute();
  const next = await tables(store)
    .selectFrom('notifications_delivery')
    .select('next_at')
    .where('state', '=', 'queued')
    .where('next_at', '>', now)
    .orderBy('next_at')
    .limit(1)
    .executeTakeFirst();
  const nextAt = next?.next_at ?? null;
  return { channels: due.map(({ channel }) => channel), nextAt: nextAt === null ? null : Number(nextAt) };
}

/** The oldest that is due; null: none. */
export async function readNextOf(store: Store, channel: string, now: number): Promise<DeliveryRow | null> {
  const row = await tables(store)
    .selectFrom('notifications_delivery')
    .selectAll()
    .where('channel', '=', channel)
    .where('state', '=', 'queued')
    .where('next_at', '<=', now)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : deliveryOf(row);
}

/** How the last message of a channel ended; null: none has. */
export async function readLastEnded(store: Store, channel: string): Promise<DeliveryRow | null> {
  const row = await tables(store)
    .selectFrom('notifications_delivery')
    .selectAll()
    .where('channel', '=', channel)
    .where('state', '!=', 'queued')
    .orderBy('ended_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : deliveryOf(row);
}

export interface DeliveryFilter {
  readonly channel: string | undefined;
  readonly state: DeliveryRow['state'] | undefined;
  /** The id before which to go on; null: from the newest. */
  readonly before: string | null;
  readonly limit: number;
}

export async function listDeliveries(store: Store, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  let select = tables(store).selectFrom('notifications_delivery').selectAll();
  if (filter.channel !== undefined) select = select.where('channel', '=', filter.channel);
  if (filter.state !== undefined) select = select.where('state', '=', filter.state);
  if (filter.before !== null) select = select.where('id', '<', filter.before);
  return (await select.orderBy('id', 'desc').limit(filter.limit).execute()).map(deliveryOf);
}

export async function deleteEnded(
  transaction: Transaction,
  state: 'delivered' | 'dead',
  before: number,
): Promise<void> {
  await tables(transaction)
    .deleteFrom('notifications_delivery')
    .where('state', '=', state)
    .where('ended_at', '<', before)
    .execute();
}
