import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation } from '@pilothouse/contract';
import { openTestRollouts, type TestRollouts, type TestRules } from './open-test-rollouts.ts';
import { executions, hostAt, pass, started } from './test-stages.ts';

const MINUTE = 60_000;

/** Open for the first `openMs` of every `everyMs` from the first look on, and not while frozen. */
function nights(openMs: number, everyMs: number) {
  const listeners = new Set<() => void>();
  const said = { isFrozen: false };
  let from: number | null = null;
  const placeOf = (now: number) => {
    from ??= now;
    const begins = now - ((now - from) % everyMs);
    return { ends: begins + openMs, next: begins + everyMs };
  };
  const calendar: NonNullable<TestRules['calendar']> = {
    closedFor(_host, _windows, now) {
      if (said.isFrozen) return { kind: 'freeze', name: 'release', until: null };
      const { ends, next } = placeOf(now);
      return now < ends ? null : { kind: 'window', name: 'nights', until: next };
    },
    openUntil: (_host, _windows, now) => placeOf(now).ends,
    checkWindows: () => undefined,
    neverOpen: () => [],
    onChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const setFrozen = (isFrozen: boolean): void => {
    said.isFrozen = isFrozen;
    for (const listener of listeners) listener();
  };
  return { calendar, setFrozen };
}

/** The one host takes what it is offered and comes to nothing, as one does whose locks are taken by other work. */
async function heldUp(rules: TestRules): Promise<{ world: TestRollouts; id: string }> {
  const world = await openTestRollouts(1, { rules });
  hostAt(world, 0).script = 'silent';
  const { id } = await started(world, {});
  return { world, id };
}

/** The one host refuses the task that it has, because its window is over. */
function sayOverdue(world: TestRollouts): void {
  const host = hostAt(world, 0);
  const [task] = host.tasks.values();
  assert.ok(task);
  world.fleet.say(host.id, {
    kind: 'outcome',
    generation: host.session?.generation ?? 0,
    taskId: task.taskId,
    attempt: task.attempt,
    outcome: {
      kind: 'refused',
      exitCode: null,
      signal: null,
      startedAt: null,
      endedAt: '2026-01-01T00:00:00.000Z',
      output: null,
      error: { code: 'TASK_START_OVERDUE', details: {} },
      result: null,
    },
    outputInline: null,
  });
}

test('what waits on its host when its window closes does not begin there, and is offered again in the next one', async () => {
  const { calendar } = nights(10 * MINUTE, 40 * MINUTE);
  const { world, id } = await heldUp({ calendar });
  const host = hostAt(world, 0);

  // Its session breaks, so nobody can ask it back: it has the end of its window from the offer alone.
  await pass(world, 9 * 60);
  world.fleet.disconnect(host.id);
  await pass(world, 2 * 60);
  world.fleet.resume(host.id);
  assert.equal(host.executions, 0);
  world.fleet.connect(host.id);
  await world.calm();
  const { state, waitingFor, counts } = await world.get(id);
  await pass(world, 28 * 60);
  assert.equal(host.executions, 0);
  await pass(world, 2 * 60);

  assert.deepEqual([state, waitingFor?.code, counts.failed], ['running', 'WAITS_FOR_WINDOW', 0]);
  assert.equal((await world.get(id)).state, 'succeeded');
  assert.deepEqual(executions(world), [1]);
  await world.close();
});

test('a host in session is asked back when its window closes', async () => {
  const { calendar } = nights(10 * MINUTE, 40 * MINUTE);
  const { world, id } = await heldUp({ calendar });

  await pass(world, 10 * 60);
  const { received } = hostAt(world, 0);

  assert.ok(received.some((frame) => frame.kind === 'withdraw'));
  assert.equal((await world.get(id)).waitingFor?.code, 'WAITS_FOR_WINDOW');
  await world.close();
});

test('a freeze that people put on asks back what has not begun', async () => {
  const { calendar, setFrozen } = nights(600 * MINUTE, 1200 * MINUTE);
  const { world, id } = await heldUp({ calendar });

  setFrozen(true);
  await world.calm();
  const frozen = await world.get(id);
  world.fleet.resume(world.hostId(0));
  await world.calm();
  assert.deepEqual(executions(world), [0]);
  setFrozen(false);
  await world.calm();

  assert.equal(frozen.waitingFor?.code, 'WAITS_FOR_WINDOW');
  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('an agent that cannot be held to the end of a window gets nothing that may outlive it', async () => {
  const { calendar } = nights(20 * MINUTE, 40 * MINUTE);
  const world = await openTestRollouts(2, { rules: { calendar } });
  hostAt(world, 0).lacks = ['start-by'];
  world.fleet.connect(world.hostId(0));
  await started(world, {});
  assert.deepEqual(executions(world), [1, 1]);
  await pass(world, 6 * 60);

  const { id } = await started(world, {});
  const explained = await world.call<Explanation>('rollouts.explain', { params: { rolloutId: id } });
  assert.deepEqual(executions(world), [1, 2]);
  await pass(world, 35 * 60);

  assert.equal(explained.rollout.waitingFor?.code, 'WAITS_FOR_LONGER_WINDOW');
  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('a host that says too soon that it is too late has failed, and is not asked for ever', async () => {
  const { calendar } = nights(600 * MINUTE, 1200 * MINUTE);
  const { world, id } = await heldUp({ calendar });
  sayOverdue(world);
  await world.calm();

  assert.equal((await world.get(id)).counts.failed, 1);
  await world.close();
});

test('a host whose clock is fast is not offered the same again until the window is over for the server, too', async () => {
  const { calendar } = nights(10 * MINUTE, 40 * MINUTE);
  const { world, id } = await heldUp({ calendar });
  const offers = () => hostAt(world, 0).received.filter((frame) => frame.kind === 'offer').length;
  await pass(world, 9.5 * 60);

  sayOverdue(world);
  await world.calm();
  const { counts, waitingFor } = await world.get(id);
  assert.equal(offers(), 1);
  await pass(world, 29 * 60);
  assert.equal(offers(), 1);
  await pass(world, 2 * 60);

  assert.deepEqual([counts.pending, counts.failed, waitingFor?.code], [1, 0, 'WAITS_FOR_LONGER_WINDOW']);
  assert.equal(offers(), 2);
  await world.close();
});
