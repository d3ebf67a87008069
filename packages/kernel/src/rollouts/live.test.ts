import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rollout, Task, WatchEvent } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import type { OutgoingFrame } from '../gateway/service.ts';
import { createLive, type Telling } from './live.ts';

// The live room reads nothing of a rollout but these.
const rollout = { id: 'r_1', endedAt: null } as Rollout;
const ended = { id: 'r_1', endedAt: '2026-01-01T00:00:00.000Z' } as Rollout;
const watchAll = (signal = new AbortController().signal) => ({
  rollout,
  wantsOutput: true,
  wantsTasks: true,
  isInScope: () => true,
  signal,
});
const piece = (text: string) => ({
  taskId: 'r_1.0',
  hostId: 'h_1',
  hostName: 'web-1',
  offsetBytes: 0,
  chunks: [{ stream: 'stdout' as const, text }],
});

async function all(pieces: AsyncIterable<Telling>): Promise<WatchEvent[]> {
  const seen: WatchEvent[] = [];
  for await (const piece of pieces) seen.push(...piece.items.map(({ data }) => data));
  return seen;
}

test('credit is renewed as output is passed on, and a large rollout that nobody watches gets none', () => {
  const sent: OutgoingFrame[] = [];
  const live = createLive((_, frame) => void sent.push(frame), fakeClock());

  live.output({ id: 'r_1', hostsCount: 10_000 }, piece('unseen'));
  assert.deepEqual(sent, []);
  assert.equal(live.creditOf({ id: 'r_1', hostsCount: 10_000 }), 0);
  live.watch(watchAll());
  live.output({ id: 'r_1', hostsCount: 10_000 }, piece('seen'));

  assert.deepEqual(sent, [{ kind: 'credit', taskId: 'r_1.0', bytes: 4 }]);
});

test('who comes late sees the last part of a small rollout, and who is too slow is told what was left out', async () => {
  const live = createLive(() => undefined, fakeClock());
  const small = { id: 'r_1', hostsCount: 2 };
  live.output(small, piece('early'));
  const events = live.watch(watchAll());
  for (let n = 0; n < 20; n++) live.output(small, piece('x'.repeat(60_000)));

  live.changed(ended, [], true);
  const seen = await all(events);

  assert.deepEqual(
    seen.flatMap((event) => (event.kind === 'output' ? [event.chunks[0]?.text[0]] : [])).slice(0, 2),
    ['e', 'x'],
  );
  assert.ok(seen.some((event) => event.kind === 'gap' && event.outputs > 5));
  assert.equal(seen.at(-1)?.kind, 'end');
});

test('who comes late is told what hosts in their scope have printed, and nothing of others', async () => {
  const live = createLive(() => undefined, fakeClock());
  live.output({ id: 'r_1', hostsCount: 2 }, { ...piece('secret'), hostId: 'h_1', taskId: 'r_1.0' });
  live.output({ id: 'r_1', hostsCount: 2 }, { ...piece('seen'), hostId: 'h_2', taskId: 'r_1.1' });

  const events = live.watch({ ...watchAll(), isInScope: (hostId) => hostId === 'h_2' });
  live.changed(ended, [], true);

  assert.deepEqual(
    (await all(events)).flatMap((event) => (event.kind === 'output' ? [event.chunks[0]?.text] : [])),
    ['seen'],
  );
});

test('a watcher that goes before it has read anything is watching no more', () => {
  const live = createLive(() => undefined, fakeClock());
  const away = new AbortController();
  live.watch(watchAll(away.signal));
  assert.equal(live.isWatched('r_1'), true);

  away.abort();
  live.watch(watchAll(away.signal));

  assert.equal(live.isWatched('r_1'), false);
});

test('a watcher that goes away ends its stream', async () => {
  const live = createLive(() => undefined, fakeClock());
  const away = new AbortController();
  const seen = all(live.watch(watchAll(away.signal)));

  away.abort();

  assert.ok((await seen).every((event) => event.kind === 'rollout'));
  assert.equal(live.isWatched('r_1'), false);
});

test('every watcher is told every task, and the text of each is made once', async () => {
  const live = createLive(() => undefined, fakeClock());
  const texts: string[][] = [[], []];
  const watching = texts.map(async (seen) => {
    for await (const piece of live.watch(watchAll())) seen.push(...piece.items.map((told) => told.json));
  });
  const tasks = Array.from({ length: 200 }, (_, index) => ({
    id: `r_1.${index}`,
    hostId: `h_${index}`,
    endedAt: null,
  }));
  let made = 0;
  const counted = tasks.map((task) => ({ ...task, toJSON: () => `${task.id} ${(made += 1)}` }));

  // The live room passes tasks on as they are.
  live.changed(ended, counted as unknown as Task[], true); // They count how often they become text.
  await Promise.all(watching);

  assert.equal(made, tasks.length);
  assert.deepEqual(texts[0], texts[1]);
  assert.equal(texts[0]?.filter((text) => text.includes('"task"')).length, tasks.length);
});

test('who wants no tasks is told of the rollout, its states no more often than five times a second', async () => {
  const clock = fakeClock();
  const live = createLive(() => undefined, clock);
  const at = (succeeded: number) => ({ ...rollout, counts: { succeeded } }) as Rollout;
  const seen: WatchEvent[] = [];
  const watching = (async () => {
    for await (const { items } of live.watch({ ...watchAll(), wantsTasks: false }))
      seen.push(...items.map(({ data }) => data));
  })();
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  await settle();

  for (let n = 1; n <= 50; n++) {
    live.changed(at(n), [{ id: `r_1.${n}`, hostId: 'h_1', endedAt: null } as Task], false);
    await settle();
    clock.advance(10);
  }
  live.changed(ended, [], true);
  await watching;

  const states = seen.flatMap((event) => (event.kind === 'rollout' ? [event.rollout] : []));
  assert.deepEqual(
    seen.map(({ kind }) => kind),
    ['rollout', 'rollout', 'rollout', 'end'],
  );
  assert.deepEqual(
    states.slice(1).map(({ counts }) => counts.succeeded),
    [21, 41],
  );
});

test('a host that says nothing, again and again, fills no memory', async () => {
  const live = createLive(() => undefined, fakeClock());
  const small = { id: 'r_1', hostsCount: 2 };
  for (let n = 0; n < 20_000; n++) live.output(small, piece(n % 2 === 0 ? '' : 'x'));

  const events = live.watch(watchAll());
  live.changed(ended, [], true);
  const outputs = (await all(events)).filter(({ kind }) => kind === 'output');

  assert.ok(outputs.length <= 512, `${outputs.length} pieces were kept`);
});
