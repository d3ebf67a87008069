import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultGroup, WatchEvent } from '@pilothouse/contract';
import { rolloutEndpoints } from './endpoints.ts';
import { createLive } from './live.ts';
import { callRoute, openTestRollouts } from './open-test-rollouts.ts';

type Item = { event?: string; data: unknown };
type Stream = { stream: AsyncIterable<Item | { readonly items: readonly Item[] }> };

async function collect(answer: Stream): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const piece of answer.stream)
    items.push(...('items' in piece ? piece.items : [piece]).map((item) => item.data));
  return items;
}

async function threeAlikeOneNot() {
  const world = await openTestRollouts(4);
  Object.assign(world.fleet.hosts.get(world.hostId(2)) ?? {}, { script: 'fail', stdout: '=cmd broken\n' });
  const { id } = await world.run();
  await world.calm();
  return { world, id, params: { rolloutId: id } };
}

test('results are grouped by identical end, with names and the start of the output', async () => {
  const { world, params } = await threeAlikeOneNot();

  const { items } = await world.call<{ items: ResultGroup[] }>('rollouts.groups.list', { params });

  assert.deepEqual(
    items.map((group) => [group.state, group.exitCode, group.hostNames]),
    [
      ['succeeded', 0, ['web-0', 'web-1', 'web-3']],
      ['failed', 1, ['web-2']],
    ],
  );
  assert.equal(items[0]?.preview?.stdout, 'up 3 days\n');
  await world.close();
});

test('no host is missing from the groups while its end is being written', async () => {
  const world = await openTestRollouts(40);
  const { id } = await world.run();
  const params = { rolloutId: id };
  const counts: number[] = [];

  for (let isEnded = false; !isEnded; ) {
    const rollout = await world.call<{ endedAt: string | null }>('rollouts.get', { params });
    const { items } = await world.call<{ items: ResultGroup[] }>('rollouts.groups.list', { params });
    counts.push(items.reduce((sum, { hostsCount }) => sum + hostsCount, 0));
    isEnded = rollout.endedAt !== null;
    await new Promise((resolve) => setImmediate(resolve));
  }

  assert.deepEqual(new Set(counts), new Set([40]));
  await world.close();
});

test('text is found in outputs, once for all hosts that printed it', async () => {
  const { world, params } = await threeAlikeOneNot();

  const found = await world.call<{ items: { hostNames: string[]; lines: { number: number }[] }[] }>(
    'rollouts.output.search',
    { params, query: { text: 'days' } },
  );

  assert.deepEqual(
    found.items.map((item) => item.hostNames),
    [['web-0', 'web-1', 'web-3']],
  );
  assert.deepEqual(
    found.items[0]?.lines.map((line) => line.number),
    [1],
  );
  await world.close();
});

test('everything can be exported as JSON lines and as rows of a table', async () => {
  const { world, params } = await threeAlikeOneNot();

  const lines = await collect(await world.call<Stream>('rollouts.export.ndjson', { params }));
  const rows = await collect(await world.call<Stream>('rollouts.export.csv', { params }));

  assert.equal(lines.length, 4);
  assert.equal((lines[2] as { output: { stdout: string } }).output.stdout, '=cmd broken\n');
  assert.equal(rows.length, 5);
  assert.equal((rows[3] as string[])[2], 'failed');
  await world.close();
});

test('a watcher sees live output, each end and the last state, and then the stream ends', async () => {
  const world = await openTestRollouts(2);
  for (const host of world.fleet.hosts.values()) host.script = 'stuck';
  const { id } = await world.run();
  await world.calm();
  const watching = collect(await world.call<Stream>('rollouts.watch', { params: { rolloutId: id } }));

  for (const hostId of world.fleet.hosts.keys()) world.fleet.resume(hostId);
  await world.calm();

  const events = (await watching) as WatchEvent[]; // Each was made to the schema of its kind.
  assert.equal(events.filter((event) => event.kind === 'task').length, 2);
  const last = events.at(-1);
  assert.ok(last?.kind === 'end' && last.rollout.state === 'succeeded');
  await world.close();
});

test('results are kept as long as the setting says, and outputs go with the last task that names them', async () => {
  const { world, id } = await threeAlikeOneNot();
  const [retention] = world.room.reconcilers;
  await retention?.run();
  assert.notEqual(await world.room.rollouts.get(id), null);

  world.clock.advance(91 * 86_400_000);
  await retention?.run();

  assert.equal(await world.room.rollouts.get(id), null);
  const left = await world.store
    .as<{ rollouts_output: { digest: string }; plans_content: { digest: string } }>()
    .selectFrom('rollouts_output')
    .select('digest')
    .execute();
  assert.deepEqual(left, []);
  await world.close();
});

test('what a host printed is kept although the same output was dropped with the results of long ago', async () => {
  for (const isLarge of [false, true]) {
    const world = await openTestRollouts(2);
    for (const host of world.fleet.hosts.values()) host.isLarge = isLarge;
    const [retention] = world.room.reconcilers;
    await world.run();
    await world.calm();
    world.clock.advance(91 * 86_400_000);
    await retention?.run();

    const { id } = await world.run();
    await world.calm();

    const { items } = await world.call<{ items: ResultGroup[] }>('rollouts.groups.list', {
      params: { rolloutId: id },
    });
    assert.deepEqual(
      items.map(({ hostsCount, preview }) => [hostsCount, preview?.stdout]),
      [[2, 'up 3 days\n']],
    );
    await world.close();
  }
});

test('an output that comes while those of long ago are dropped is kept', async () => {
  for (const isLarge of [false, true]) {
    const world = await openTestRollouts(1);
    const [host] = world.fleet.hosts.values();
    assert.ok(host);
    host.isLarge = isLarge;
    const [retention] = world.room.reconcilers;
    await world.run();
    await world.calm();
    host.script = 'stuck';
    world.clock.advance(91 * 86_400_000);
    world.fleet.connectAll();
    const { id } = await world.run();
    await world.calm();

    // Its outcome is taken in beside the transaction that drops what nobody names yet.
    const sweeping = retention?.run();
    world.fleet.resume(host.id);
    await sweeping;
    await world.calm();

    const body = await world.call<{ stdout: string }>('rollouts.output.get', {
      params: { rolloutId: id, taskId: `${id}.0` },
    });
    assert.equal(body.stdout, 'up 3 days\n');
    await world.close();
  }
});

test('who asks to watch a rollout that ends in that moment is told its end', async () => {
  const world = await openTestRollouts(1);
  for (const host of world.fleet.hosts.values()) host.script = 'stuck';
  const { id } = await world.run();
  await world.calm();
  const deps = {
    context: { store: world.store, clock: world.clock },
    live: createLive(() => undefined, world.clock),
    hosts: { index: world.index },
    driver: { active: world.room.active },
    plans: {
      // It ends while its plan is read.
      async load(digest: string) {
        for (const hostId of world.fleet.hosts.keys()) world.fleet.resume(hostId);
        await world.calm();
        return world.room.plans.load(digest);
      },
    },
  };
  // The route reads no more of them.
  const endpoints = rolloutEndpoints(deps as unknown as Parameters<typeof rolloutEndpoints>[0]);

  const answer = await callRoute<Stream>({ endpoints }, 'rollouts.watch', { params: { rolloutId: id } });

  const first = await answer.stream[Symbol.asyncIterator]().next();
  const [told] = (first.value as { items: readonly Item[] }).items;
  assert.equal(told?.event, 'end');
  await world.close();
});
