import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type Digest } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import type { OpenSession, OutgoingFrame, SessionListener } from '../gateway/service.ts';
import type { HostEntry } from '../hosts/service.ts';
import { type CollectNowDeps, createCollectNow } from './collect-now.ts';
import type { FactChange } from './service.ts';

interface TestHost {
  readonly id: string;
  readonly session: 'new' | 'old' | 'none' | 'full';
  digest?: Digest;
}

function setUp(hosts: readonly TestHost[]) {
  const clock = fakeClock();
  const stored = new Set<string>();
  const sent: { readonly hostId: string; readonly frame: OutgoingFrame }[] = [];
  const listeners: SessionListener[] = [];
  const watchers = new Set<(changes: readonly FactChange[]) => void>();
  const entry = ({ id, digest }: TestHost): HostEntry =>
    // The room reads no more of a host.
    ({
      id,
      name: `name-${id}`,
      facts: new Map(digest === undefined ? [] : [['os', { digest, seenAt: 0 }]]),
    }) as unknown as HostEntry;
  const sessionOf = (id: string): OpenSession | null => {
    const host = hosts.find((each) => each.id === id);
    if (host === undefined || host.session === 'none') return null;
    const capabilities = host.session === 'old' ? undefined : ['collected'];
    return { hostId: id, generation: 1, hello: { capabilities } } as unknown as OpenSession; // Nor of a session.
  };
  const deps: CollectNowDeps = {
    clock,
    hosts: {
      get index() {
        return new Map(hosts.map((host) => [host.id, entry(host)]));
      },
    },
    facts: {
      has: (_fact, digest) => stored.has(digest),
      onChange(listener) {
        watchers.add(listener);
        return () => watchers.delete(listener);
      },
    },
    gateway: {
      session: sessionOf,
      send(hostId, frame) {
        if (hosts.find(({ id }) => id === hostId)?.session === 'full') return 'full';
        sent.push({ hostId, frame });
        return 'sent';
      },
      listen: (listener) => void listeners.push(listener),
    },
  };
  const collectNow = createCollectNow(deps);
  const session = (id: string): OpenSession => sessionOf(id) ?? assert.fail(`no session of ${id}`);
  return {
    clock,
    sent,
    watchers,
    ask: (waitMs = 1000) => collectNow({ hosts: hosts.map(entry), facts: ['os'], waitMs }),
    collected(id: string) {
      const frame = sent.find(({ hostId }) => hostId === id)?.frame;
      const askId = frame?.kind === 'collect' ? frame.askId : undefined;
      for (const listener of listeners) listener.collected?.(session(id), askId ?? '');
    },
    lost(id: string) {
      for (const listener of listeners) listener.closed?.(session(id));
    },
    store(digest: Digest) {
      stored.add(digest);
      for (const watcher of watchers) watcher([]);
    },
  };
}

test('answers as soon as every host that can say so has collected, and says what is known of the others', async () => {
  const world = setUp([
    { id: 'a', session: 'new' },
    { id: 'b', session: 'old' },
    { id: 'c', session: 'none' },
    { id: 'd', session: 'full' },
  ]);

  const asking = world.ask();
  world.collected('a');
  const { hosts, counts } = await asking;

  assert.deepEqual(
    hosts.map(({ hostName, state }) => [hostName, state]),
    [
      ['name-a', 'collected'],
      ['name-b', 'asked'],
      ['name-c', 'offline'],
      ['name-d', 'late'],
    ],
  );
  assert.deepEqual(counts, { collected: 1, asked: 1, offline: 1, late: 1 });
  assert.deepEqual(
    world.sent.map(({ hostId, frame }) => [hostId, 'askId' in frame]),
    [
      ['a', true],
      ['b', false],
    ],
  );
  assert.equal(world.watchers.size, 0);
});

test('waits for a body that nobody had', async () => {
  const world = setUp([{ id: 'a', session: 'new', digest: 'f'.repeat(64) }]);
  let isAnswered = false;

  const asking = world.ask().then((answer) => {
    isAnswered = true;
    return answer;
  });
  world.collected('a');
  await Promise.resolve();
  assert.equal(isAnswered, false);
  world.store('f'.repeat(64));

  assert.equal((await asking).counts.collected, 1);
});

test('waits no longer than it was told, and not for a host that has gone', async () => {
  const world = setUp([
    { id: 'a', session: 'new' },
    { id: 'b', session: 'new' },
  ]);

  const asking = world.ask(1000);
  world.lost('b');
  world.clock.advance(1000);
  const { hosts } = await asking;

  assert.deepEqual(
    hosts.map(({ state }) => state),
    ['late', 'offline'],
  );
});

test('too many hosts, and too many who ask, are refused', async () => {
  const many = setUp(Array.from({ length: 1001 }, (_, n) => ({ id: `h${n}`, session: 'none' as const })));
  await assert.rejects(many.ask(), new AppError('FACT_COLLECT_TOO_MANY', { count: 1001, limit: 1000 }));
  const world = setUp([{ id: 'a', session: 'new' }]);

  const open = Array.from({ length: 16 }, () => world.ask());
  await assert.rejects(world.ask(), { code: 'FACT_COLLECT_BUSY' });
  world.clock.advance(1000);

  assert.equal((await Promise.all(open)).length, 16);
});
