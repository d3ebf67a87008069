import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Event } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import type { FakeClock } from '@pilothouse/testkit/fake-clock';
import { openTestContext } from '../open-test-context.ts';
import { createEvents, type EventsRoom, TAIL_EVENTS_MAX } from './create-events.ts';
import { followEvents, STREAM_LIFE_MS } from './follow-events.ts';
import { eventsMigrations } from './migrations.ts';

const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

interface Opened extends EventsRoom {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly publish: (count: number) => Promise<void>;
  readonly reopen: () => Promise<EventsRoom>;
}

async function open(eventsKeptMax = 1_000_000): Promise<Opened> {
  const context = await openTestContext([eventsMigrations]);
  const { store, clock } = context;
  stores.push(store);
  const reopen = () => createEvents(context, { eventsKeptMax });
  const room = await reopen();
  const publish = (count: number) =>
    store.transaction((transaction) =>
      room.events.publish(
        transaction,
        Array.from({ length: count }, (_, i) => ({ type: 'host.online', hostId: null, data: { i } })),
      ),
    );
  return { ...room, store, clock, publish, reopen };
}

const cursorsOf = (events: readonly Event[]): number[] => events.map(({ cursor }) => cursor);

test('an event exists exactly when its transaction committed, and cursors have no gaps', async () => {
  const { events, store, publish } = await open();
  const heard: number[] = [];
  events.subscribe((event) => heard.push(event.cursor));

  await publish(2);
  await assert.rejects(
    store.transaction(async (transaction) => {
      await events.publish(transaction, [{ type: 'host.gone', hostId: null, data: {} }]);
      throw new Error('changed its mind');
    }),
    /changed its mind/,
  );
  await publish(1);

  assert.deepEqual(heard, [1, 2, 3]);
  assert.deepEqual(cursorsOf(await events.after(0, 10)), [1, 2, 3]);
});

test('what the table holds and nobody was told of yet is given to nobody: its cursor would be refused', async () => {
  const { publish, reopen } = await open();
  await publish(2);
  // It hears nothing of what the first one writes, as if the answers of those commits were still on their way.
  const { events } = await reopen();
  await publish(3);

  const found = await events.after(0, 10);

  assert.deepEqual(cursorsOf(found), [1, 2]);
  assert.deepEqual(await events.after(found.at(-1)?.cursor ?? 0, 10), []);
});

test('readers get the same from memory, from the table and after a restart', async () => {
  const { events, publish, reopen } = await open();
  await publish(2 * TAIL_EVENTS_MAX + 10);

  const old = cursorsOf(await events.after(5, 3));
  const recent = cursorsOf(await events.after(2 * TAIL_EVENTS_MAX, 3));
  const restarted = (await reopen()).events;

  assert.deepEqual(old, [6, 7, 8]);
  assert.deepEqual(
    recent,
    [1, 2, 3].map((n) => 2 * TAIL_EVENTS_MAX + n),
  );
  assert.deepEqual(cursorsOf(await restarted.after(2 * TAIL_EVENTS_MAX, 3)), recent);
  assert.equal(await restarted.latestCursor(), 2 * TAIL_EVENTS_MAX + 10);
});

test('retention keeps the newest, and says EVENTS_GONE to those who are behind or from another time', async () => {
  const { events, reconcilers, publish, reopen } = await open(10);
  await publish(25);

  for (const reconciler of reconcilers) await reconciler.run();

  await assert.rejects(events.after(14, 5), {
    code: 'EVENTS_GONE',
    details: { after: 14, oldest: 15, latest: 25 },
  });
  await assert.rejects(events.after(26, 5), { code: 'EVENTS_GONE' });
  assert.deepEqual(cursorsOf(await events.after(15, 2)), [16, 17]);
  const restarted = (await reopen()).events;
  assert.equal(await restarted.oldestCursor(), 15);
  assert.deepEqual(cursorsOf(await restarted.after(15, 2)), [16, 17]);
});

test('a listener that fails does not keep the others from hearing', async () => {
  const { events, publish } = await open();
  const heard: number[] = [];
  events.subscribe(() => {
    throw new Error('broken listener');
  });
  const unsubscribe = events.subscribe((event) => heard.push(event.cursor));

  await publish(1);
  unsubscribe();
  await publish(1);

  assert.deepEqual(heard, [1]);
});

test('a stream tells what was, then what comes, and ends with its client', async () => {
  const { events, clock, publish } = await open();
  await publish(2);
  const client = new AbortController();
  const stream = followEvents({ events, clock, after: 1, filter: () => true, signal: client.signal });

  const first = await stream.next();
  const pending = stream.next();
  await publish(1);
  const second = await pending;
  const last = stream.next();
  client.abort();

  assert.equal(first.value?.id, '2');
  assert.equal(second.value?.id, '3');
  assert.equal((await last).done, true);
});

test('a stream ends after its life so that the reader is judged anew', async () => {
  const { events, clock } = await open();
  const { signal } = new AbortController();
  const next = followEvents({ events, clock, after: 0, filter: () => true, signal }).next();

  clock.advance(STREAM_LIFE_MS);

  assert.equal((await next).done, true);
});

test('a client that stops reading costs no memory, and is told when retention has passed it', async () => {
  const { events, reconcilers, clock, publish } = await open(10);
  const { signal } = new AbortController();
  await publish(1);
  const stream = followEvents({ events, clock, after: 0, filter: () => true, signal });
  await stream.next();

  await publish(5_000);
  for (const reconciler of reconcilers) await reconciler.run();
  const next = await stream.next();

  assert.equal(next.value?.event, 'gone');
  assert.equal((await stream.next()).done, true);
});

test('a reader who sees nothing of a busy feed still learns how far it is', async () => {
  const { events, clock, publish } = await open();
  await publish(1_500);
  const { signal } = new AbortController();

  const next = await followEvents({ events, clock, after: 0, filter: () => false, signal }).next();

  assert.equal(next.value?.event, 'cursor');
  assert.equal(next.value?.id, '1000');
});
