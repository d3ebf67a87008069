import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MadePlan, PlanSummary } from '@pilothouse/contract';
import { openTestRollouts, principalOver, type TestRollouts } from '../rollouts/open-test-rollouts.ts';

type Listed = { items: PlanSummary[]; nextCursor: string | null };
const list = (
  world: TestRollouts,
  query: Record<string, unknown> = {},
  principal = principalOver(() => true),
) => world.call<Listed>('plans.list', { query, principal });

async function make(world: TestRollouts, title: string, changes: Record<string, unknown> = {}) {
  const body = {
    title,
    target: { selector: 'true' },
    actions: [{ action: 'test.run', parameters: { text: 'uptime' } }],
    ...changes,
  };
  const { plan } = await world.call<MadePlan>('plans.create', { body });
  return plan.digest;
}

const titles = ({ items }: Listed): string[] => items.map((plan) => plan.title);

test('plans are listed newest first with what became of each, and found by state, author and action', async () => {
  const world = await openTestRollouts(2);
  const started = await make(world, 'started');
  const { id } = await world.call<{ id: string }>('rollouts.start', { body: { planDigest: started } });
  await world.calm();
  world.clock.advance(1000);
  await make(world, 'short', { expiresAt: new Date(world.clock.now() + 5000).toISOString() });
  world.clock.advance(10_000);
  await make(world, 'change', { actions: [{ action: 'test.change', parameters: { text: 'x' } }] });

  const all = await list(world);

  assert.deepEqual(
    all.items.map(({ title, state, rollout, hostsCount }) => [title, state, rollout?.state, hostsCount]),
    [
      ['change', 'ready', undefined, 2],
      ['short', 'expired', undefined, 2],
      ['started', 'started', 'succeeded', 2],
    ],
  );
  assert.equal(all.items[2]?.rollout?.id, id);
  assert.deepEqual(titles(await list(world, { state: 'started' })), ['started']);
  assert.deepEqual(titles(await list(world, { action: 'test.change' })), ['change']);
  assert.deepEqual(titles(await list(world, { author: 'ann' })), ['change', 'short', 'started']);
  assert.deepEqual(titles(await list(world, { author: 'bob' })), []);
  await world.close();
});

test('a dry run of a plan is no run of it', async () => {
  const world = await openTestRollouts(1);
  const digest = await make(world, 'tried');

  await world.call('rollouts.start', { body: { planDigest: digest, kind: 'dry-run' } });
  await world.calm();

  assert.deepEqual(
    (await list(world)).items.map(({ state, rollout }) => [state, rollout]),
    [['ready', null]],
  );
  await world.close();
});

test('pages of plans made in the same moment name each plan once', async () => {
  const world = await openTestRollouts(1);
  for (let n = 0; n < 5; n++) await make(world, `plan ${n}`);
  const seen: string[] = [];

  for (let cursor: string | null = null; ; ) {
    const page: Listed = await list(world, { limit: 2, ...(cursor === null ? {} : { cursor }) });
    seen.push(...titles(page));
    cursor = page.nextCursor;
    if (cursor === null) break;
  }

  assert.deepEqual(seen.sort(), ['plan 0', 'plan 1', 'plan 2', 'plan 3', 'plan 4']);
  await assert.rejects(list(world, { cursor: 'bm8' }), /INVALID_REQUEST/);
  await world.close();
});

test('a plan is absent for whoever sees none of its hosts', async () => {
  const world = await openTestRollouts(2);
  await make(world, 'both');
  await make(world, 'second', { target: { hostIds: [world.hostId(1)] } });
  const over = (n: number) => principalOver((host: { id: string }) => host.id === world.hostId(n));
  const nobody = {
    ...principalOver(() => false),
    scope: () => ({ isAll: false, isNone: true, includes: () => false }),
  };

  assert.deepEqual(titles(await list(world, {}, over(0))), ['both']);
  assert.deepEqual(titles(await list(world, {}, over(1))).sort(), ['both', 'second']);
  assert.deepEqual(titles(await list(world, {}, nobody)), []);
  await world.close();
});
