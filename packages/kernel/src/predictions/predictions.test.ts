import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionTrack, MadePlan, PlanPreview, PredictedHost, Rollout } from '@pilothouse/contract';
import { openTestRollouts, type TestRollouts } from '../rollouts/open-test-rollouts.ts';

const actions = [{ action: 'test.change', parameters: { text: 'x' } }];

async function makePlan(world: TestRollouts): Promise<string> {
  const body = { title: 't', target: { selector: 'true' }, actions };
  return (await world.call<MadePlan>('plans.create', { body })).plan.digest;
}

async function carryOut(world: TestRollouts, planDigest: string, kind: 'run' | 'dry-run'): Promise<string> {
  const { id } = await world.call<Rollout>('rollouts.start', { body: { planDigest, kind } });
  await world.calm();
  return id;
}

function sayChanges(world: TestRollouts, changesOf: (n: number) => { path: string }[] | null): void {
  [...world.fleet.hosts.values()].forEach((host, n) => {
    host.changes = changesOf(n);
  });
}

const compare = async (world: TestRollouts): Promise<void> => {
  await world.room.reconcilers.find(({ name }) => name === 'predictions.compare')?.run();
};

const trackOf = async (world: TestRollouts, digest: string): Promise<ActionTrack | undefined> =>
  (await world.call<PlanPreview>('plans.preview', { params: { digest } })).tracks[0];

const counts = (track: ActionTrack | undefined) => [track?.compared, track?.matched, track?.notComparable];

test('a run is held to the dry run before it, counted once, and shown with the next plan of the same action', async () => {
  const world = await openTestRollouts(4);
  const digest = await makePlan(world);
  sayChanges(world, (n) => (n === 3 ? null : [{ path: `/etc/${n}` }]));
  const dryRunId = await carryOut(world, digest, 'dry-run');
  sayChanges(world, (n) => [{ path: n === 0 ? '/etc/other' : `/etc/${n}` }]);

  await compare(world);
  const before = counts(await trackOf(world, digest));
  const runId = await carryOut(world, digest, 'run');
  await compare(world);
  await compare(world);
  const next = await trackOf(world, await makePlan(world));
  const shown = await world.call<{ dryRunId: string; items: PredictedHost[] }>('rollouts.prediction', {
    params: { rolloutId: runId },
  });

  assert.deepEqual(before, [0, 0, 0]);
  assert.deepEqual(counts(next), [3, 2, 1]);
  assert.equal(shown.dryRunId, dryRunId);
  assert.deepEqual(
    shown.items.map(({ actions: [first] }) => first?.verdict),
    ['differs', 'matched', 'matched', 'not-comparable'],
  );
  assert.deepEqual(shown.items[0]?.actions[0]?.actual, { count: 1, changes: [{ path: '/etc/other' }] });
  await world.close();
});

test('a dry run alone shows what it predicts, and a run without one is compared with nothing', async () => {
  const world = await openTestRollouts(2);
  const tried = await makePlan(world);
  sayChanges(world, () => [{ path: '/etc/a' }]);
  const dryRunId = await carryOut(world, tried, 'dry-run');
  const untried = await makePlan(world);
  const runId = await carryOut(world, untried, 'run');

  await compare(world);
  const predicted = await world.call<{ items: PredictedHost[] }>('rollouts.prediction', {
    params: { rolloutId: dryRunId },
  });
  const none = await world.call<{ dryRunId: string | null }>('rollouts.prediction', {
    params: { rolloutId: runId },
  });

  assert.deepEqual(predicted.items[0]?.actions[0], {
    action: 'test.change',
    verdict: null,
    predicted: { count: 1, changes: [{ path: '/etc/a' }] },
    actual: null,
  });
  assert.equal(none.dryRunId, null);
  assert.deepEqual(counts(await trackOf(world, untried)), [0, 0, 0]);
  await world.close();
});
