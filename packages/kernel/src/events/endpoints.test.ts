import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Event, type EventsPage, toTimestamp } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import type { HostScope, Principal } from '../access/service.ts';
import type { HostEntry } from '../hosts/index.ts';
import type { HttpRequest, StreamAnswer } from '../http/service.ts';
import { eventsEndpoints } from './endpoints.ts';
import type { EventFeed } from './service.ts';

const mine = 'h_00000000000000mine';
const other = 'h_0000000000000other';
const gone = 'h_00000000000000gone';

const happened: Event[] = [
  { hostId: mine, type: 'host.online' },
  { hostId: other, type: 'host.online' },
  { hostId: null, type: 'user.added' },
  { hostId: gone, type: 'host.online' },
  { hostId: mine, type: 'host.offline' },
].map((event, i) => ({ ...event, cursor: i + 1, at: toTimestamp(0), data: {} }));

const feed: EventFeed = {
  publish: async () => {},
  after: async (cursor, limit) => happened.slice(cursor, cursor + limit),
  latestCursor: async () => happened.length,
  oldestCursor: async () => 0,
  subscribe: () => () => {},
};

const all: HostScope = { isAll: true, isNone: false, includes: () => true };
const onlyMine: HostScope = { isAll: false, isNone: false, includes: (host) => host.id === mine };

function principal(scope: HostScope): Principal {
  return { actor: { kind: 'user', id: 'u1', name: 'ada' }, has: () => true, scope: () => scope };
}

function call(
  route: 'events.list' | 'events.stream',
  scope: HostScope,
  query: object,
  lastEventId: string | null = null,
) {
  // Only the ids of these entries are looked at.
  const index = new Map([mine, other].map((id) => [id, { id } as HostEntry]));
  const endpoints = eventsEndpoints({ events: feed, hosts: { index }, clock: fakeClock() });
  const found = endpoints.find((each) => each.route.id === route);
  assert.ok(found);
  const request = {
    principal: principal(scope),
    query,
    signal: AbortSignal.timeout(60_000),
    exchange: { header: () => lastEventId },
  };
  // What the handlers of this room read of a request.
  return found.handle(request as unknown as HttpRequest);
}

const list = async (scope: HostScope, query: object): Promise<EventsPage> =>
  // The route's own schema says so.
  (await call('events.list', scope, { limit: 100, ...query })) as EventsPage;

const cursorsOf = ({ items }: EventsPage): number[] => items.map(({ cursor }) => cursor);

test('a reader of some hosts sees their events alone, and not those of no host or of hosts that are gone', async () => {
  assert.deepEqual(cursorsOf(await list(onlyMine, {})), [1, 5]);
  assert.deepEqual(cursorsOf(await list(all, {})), [1, 2, 3, 4, 5]);
});

test('the cursor of a page moves over what the reader does not see', async () => {
  const page = await list(onlyMine, { after: 1, limit: 1 });
  const rest = await list(onlyMine, { after: 1, type: 'host.online' });

  assert.deepEqual([cursorsOf(page), page.cursor, page.isAtEnd], [[5], 5, true]);
  assert.deepEqual([cursorsOf(rest), rest.cursor, rest.isAtEnd], [[], 5, true]);
});

test('a type may be one or all of a noun', async () => {
  assert.deepEqual(cursorsOf(await list(all, { type: 'host.*' })), [1, 2, 4, 5]);
  assert.deepEqual(cursorsOf(await list(all, { type: 'host.offline' })), [5]);
});

test('a stream resumes after the last event its client saw, before what it asks for', async () => {
  // The endpoint of a stream answers with one.
  const answer = (await call('events.stream', onlyMine, { after: 0 }, '2')) as StreamAnswer;
  const first = await answer.stream[Symbol.asyncIterator]().next();

  assert.ok(first.done !== true && 'data' in first.value);
  assert.equal(first.value.id, '5');
  await assert.rejects(call('events.stream', onlyMine, {}, 'seven'), { code: 'INVALID_REQUEST' });
});
