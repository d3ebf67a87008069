import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Explanation,
  type Gate,
  type GateVerdict,
  type Rollout,
  type Strategy,
} from '@pilothouse/contract';
import type { GateView } from '../gates/service.ts';
import type { Notification } from '../notifications/service.ts';
import { openTestRollouts, type TestRollouts, type TestRules } from './open-test-rollouts.ts';

const SECOND = 1000;
const holds: GateVerdict = { kind: 'holds', reason: null, evidence: {} };
const check: Gate = { kind: 'check', name: 'calm', after: 'each', expression: 'true', soakMs: 60 * SECOND };
const twoWaves: Partial<Strategy> = { waves: { kind: 'fixed', hostsPerWave: 2 } };

/** A judge who says what the test wants, and remembers what it was asked. */
function judge() {
  const asked: GateView[] = [];
  const said = { verdict: holds };
  const gates: NonNullable<TestRules['gates']> = {
    check: async () => undefined,
    judge: async (_gate, view) => {
      asked.push(view);
      return said.verdict;
    },
  };
  return { asked, said, gates };
}

/** Time passes in steps as small as those in which servers and hosts answer each other. */
async function pass(world: TestRollouts, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 5) {
    world.clock.advance(5 * SECOND);
    await world.calm();
  }
}

const executions = (world: TestRollouts): number[] =>
  [...world.fleet.hosts.values()].map((host) => host.executions);
const hostAt = (world: TestRollouts, n: number) => {
  const host = world.fleet.hosts.get(world.hostId(n));
  assert.ok(host);
  return host;
};
async function started(
  world: TestRollouts,
  strategy: Partial<Strategy>,
  action = 'test.run',
): Promise<Rollout> {
  const rollout = await world.run({ strategy, actions: [{ action, parameters: { text: 'x' } }] });
  await world.calm();
  return rollout;
}

test('the next wave opens when its gate has held for the whole soak, and not a look before', async () => {
  const { gates, asked } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });

  const { id } = await started(world, { ...twoWaves, gates: [check] });
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  assert.equal((await world.get(id)).waitingFor?.code, 'WAITS_FOR_SOAK');
  await pass(world, 55);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await pass(world, 5);

  assert.deepEqual(executions(world), [1, 1, 1, 1]);
  assert.deepEqual(
    asked.slice(0, 7).map((view) => view.isSoakOver),
    [false, false, false, false, false, false, true],
  );
  assert.deepEqual([asked[0]?.touched.length, asked[0]?.untouched.length], [2, 2]);
  await pass(world, 60);
  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('a gate that cannot be evaluated holds and says why; what was soaked before stays', async () => {
  const { gates, said } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...twoWaves, gates: [check] });
  await pass(world, 40);

  said.verdict = { kind: 'undetermined', reason: { code: 'GATE_NOT_JUDGED', details: {} }, evidence: {} };
  await pass(world, 600);
  const { waitingFor } = await world.get(id);
  said.verdict = holds;
  await pass(world, 20);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await pass(world, 15);

  assert.equal(waitingFor?.code, 'WAITS_FOR_GATE');
  assert.deepEqual(waitingFor?.details['reason'], { code: 'GATE_NOT_JUDGED', details: {} });
  assert.deepEqual(executions(world), [1, 1, 1, 1]);
  await world.close();
});

test('a gate that fails during the soak halts at once, and names rule, wave and evidence', async () => {
  const { gates, said } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...twoWaves, gates: [check] });
  await pass(world, 20);

  said.verdict = {
    kind: 'fails',
    reason: { code: 'GATE_NOT_JUDGED', details: {} },
    evidence: { load: 17, hosts: ['web-0'] },
  };
  await pass(world, 10);

  const { state, cause } = await world.get(id);
  assert.equal(state, 'halted');
  assert.equal(cause.code, 'ROLLOUT_GATE_FAILED');
  assert.equal(cause.details['rule'], 'true');
  assert.deepEqual(cause.details['evidence'], { load: 17, hosts: ['web-0'] });
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await world.close();
});

test('a restart in the middle of a soak goes on with it; the time in which nobody watched is no soak', async () => {
  const { gates } = judge();
  const first = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(first, { ...twoWaves, gates: [check] });
  await pass(first, 30);

  first.clock.advance(3_000_000);
  const world = await first.crash();
  world.fleet.connectAll();
  await world.calm();
  await pass(world, 5);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await pass(world, 25);

  assert.deepEqual(executions(world), [1, 1, 1, 1]);
  assert.equal((await world.get(id)).wave, 1);
  await world.close();
});

const probed: Partial<Strategy> = {
  ...twoWaves,
  probes: [{ kind: 'unit', name: 'web', unit: 'web.service', tries: 1, pauseMs: 0, timeoutMs: 1000 }],
  gates: [{ kind: 'probes', name: 'well', after: 'each', soakMs: 20_000, everyMs: 10_000, failingMax: 0 }],
};

test('probes are asked of touched hosts again and again, and one that begins to fail halts', async () => {
  const world = await openTestRollouts(4);
  const { id } = await started(world, probed);
  await pass(world, 10);

  hostAt(world, 1).probes = 'failing';
  await pass(world, 10);

  const { state, cause } = await world.get(id);
  assert.equal(state, 'halted');
  assert.match(JSON.stringify(cause.details), /GATE_PROBES_FAILING.*web-1/);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  const asked = (n: number) => hostAt(world, n).received.filter((frame) => frame.kind === 'probe').length;
  assert.deepEqual([asked(0), asked(1), asked(2)], [3, 3, 0]);
  await world.close();
});

test('a host that does not answer its probes counts as failing, once its time is over', async () => {
  const world = await openTestRollouts(4);
  const { id } = await started(world, probed);
  hostAt(world, 0).probes = null;
  await pass(world, 25);
  assert.equal((await world.get(id)).state, 'running');

  await pass(world, 30);

  assert.equal((await world.get(id)).state, 'halted');
  await world.close();
});

test('a gate for people waits for one of them, by name, and the rollout says so', async () => {
  const world = await openTestRollouts(4);
  const gates: Gate[] = [{ kind: 'confirm', name: 'looks-good', after: 1, text: 'is the page well?' }];
  const { id } = await started(world, { ...twoWaves, gates });
  await pass(world, 600);
  const explained = await world.call<Explanation>('rollouts.explain', { params: { rolloutId: id } });
  const say = (gate: string) =>
    world.call<Rollout>('rollouts.confirm', { params: { rolloutId: id }, body: { gate } });

  await assert.rejects(say('another'), { code: 'ROLLOUT_GATE_NOT_NOW' });
  await say('looks-good');
  await world.calm();

  assert.equal(explained.rollout.waitingFor?.code, 'WAITS_FOR_CONFIRMATION');
  assert.deepEqual(explained.unblocking?.permission, 'rollouts.control');
  assert.equal((await world.get(id)).state, 'succeeded');
  const passed = world.audits.find((record) => record.action === 'rollout.gate-passed');
  assert.equal(passed?.details['confirmedBy'], 'ann');
  await world.close();
});

test('waits let time pass and messages are queued with the commit that passes their gate', async () => {
  const sent: Notification[] = [];
  const notifications: NonNullable<TestRules['notifications']> = {
    hasChannel: () => true,
    enqueue: async (transaction, notification) => transaction.afterCommit(() => sent.push(notification)),
  };
  const world = await openTestRollouts(4, { rules: { notifications } });
  const gates: Gate[] = [
    { kind: 'notify', name: 'tell', after: 'each', channel: 'team', text: 'wave done' },
    { kind: 'wait', name: 'tea', after: 'each', waitMs: 60_000 },
  ];

  const { id } = await started(world, { ...twoWaves, gates });
  await pass(world, 55);
  assert.deepEqual(executions(world), [1, 1, 0, 0]);
  await pass(world, 5);

  // After the last wave there is nothing to wait for, and still something to tell.
  assert.equal((await world.get(id)).state, 'succeeded');
  assert.deepEqual(
    sent.map(({ channel, data }) => [channel, data['wave']]),
    [
      ['team', 1],
      ['team', 2],
    ],
  );
  await world.close();
});

test('outside a window nothing starts; it goes on by itself when the window opens', async () => {
  let opensAt = Number.POSITIVE_INFINITY;
  const calendar: NonNullable<TestRules['calendar']> = {
    closedFor: (_host, _windows, now) =>
      now < opensAt ? { kind: 'window', name: 'night', until: opensAt } : null,
    checkWindows: () => undefined,
    neverOpen: () => [],
    onChanged: () => () => undefined,
  };
  const world = await openTestRollouts(2, { rules: { calendar } });
  opensAt = world.clock.now() + 600_000;

  const { id } = await started(world, {});
  assert.equal((await world.get(id)).waitingFor?.code, 'WAITS_FOR_WINDOW');
  await pass(world, 595);
  assert.deepEqual(executions(world), [0, 0]);
  await pass(world, 10);

  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

/** A ledger with room for so many hosts at once. */
function ledger(allowed: number) {
  const down = new Set<string>();
  const listeners = new Set<() => void>();
  let asked = 0;
  let isFreed = false;
  const free = ({ taskId }: { readonly taskId: string }): void => {
    isFreed = down.delete(taskId) || isFreed;
  };
  const budgets: NonNullable<TestRules['budgets']> = {
    take({ taskId }) {
      asked += 1;
      if (down.size >= allowed) {
        const refusal = { budgetId: 'b', name: 'web', domain: null, allowed, down: down.size };
        return { kind: 'refused', budgets: [refusal] };
      }
      down.add(taskId);
      return { kind: 'granted' };
    },
    giveBack: free,
    drop: free,
    setFailing: () => undefined,
    flush: async (transaction) => {
      const wasFreed = isFreed;
      isFreed = false;
      transaction.afterCommit(() => {
        if (wasFreed) for (const listener of listeners) listener();
      });
    },
    reload: async () => undefined,
    onRoom(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    impossibleFor: () => [],
    drawnBy: () => [],
  };
  return { budgets, down, asked: () => asked };
}

test('a budget lets so many go at a time, whatever the rollout would allow, and says who it waits for', async () => {
  const { budgets, down, asked } = ledger(2);
  const world = await openTestRollouts(60, { rules: { budgets } });
  for (const host of world.fleet.hosts.values()) host.script = 'stuck';

  const { id } = await started(world, { inFlightMax: 50 }, 'test.change');
  const explained = await world.call<Explanation>('rollouts.explain', { params: { rolloutId: id } });
  for (let n = 0; n < 60; n++) {
    assert.ok(down.size <= 2);
    assert.equal(
      executions(world).reduce((sum, each) => sum + each, 0),
      Math.min(60, n + 2),
    );
    world.fleet.resume(world.hostId(n));
    await world.calm();
  }

  assert.equal((await world.get(id)).state, 'succeeded');
  const reason = explained.reasons.find(({ code }) => code === 'WAITS_FOR_BUDGET');
  assert.equal(reason?.hostsCount, 58);
  assert.equal(reason?.details['name'], 'web');
  // Sixty first askings, and about two for each that ended: never the whole line.
  assert.ok(asked() < 60 + 3 * 60, `${asked()} askings`);
  await world.close();
});

test('at most so many hosts with one label value are in flight', async () => {
  const world = await openTestRollouts(6);
  for (let n = 0; n < 6; n++) {
    world.changeHost(world.hostId(n), { labels: { rack: n < 4 ? 'a' : 'b' } });
    hostAt(world, n).script = 'stuck';
  }

  const { id } = await started(world, { inFlightPerLabel: { label: 'rack', max: 1 } });
  assert.deepEqual(executions(world), [1, 0, 0, 0, 1, 0]);
  world.fleet.resume(world.hostId(0));
  await world.calm();
  assert.deepEqual(executions(world), [1, 1, 0, 0, 1, 0]);
  for (let n = 1; n < 6; n++) {
    world.fleet.resume(world.hostId(n));
    await world.calm();
  }

  assert.equal((await world.get(id)).state, 'succeeded');
  await world.close();
});

test('a plan with anything new passes over agents of the first release', async () => {
  const world = await openTestRollouts(2);
  hostAt(world, 1).isOld = true;
  world.fleet.connect(world.hostId(1));
  await world.calm();

  const { id } = await started(world, { waveFailuresMax: 1 });
  const plain = await started(world, {});

  assert.deepEqual((await world.get(id)).counts, {
    ...(await world.get(id)).counts,
    succeeded: 1,
    skipped: 1,
  });
  assert.equal((await world.get(plain.id)).counts.succeeded, 2);
  await world.close();
});

test('a plan that people have yet to approve waits for them, and starts by itself', async () => {
  let given = 0;
  const listeners = new Set<(digest: string) => void>();
  const authority: NonNullable<TestRules['authority']> = {
    missingFor: async () => (given < 2 ? { approvals: { required: 2, given } } : null),
    authorityOf: async () => undefined,
    onChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const world = await openTestRollouts(2, { rules: { authority } });
  const { id, planDigest } = await started(world, {});
  const approve = async (): Promise<Rollout> => {
    given += 1;
    for (const listener of listeners) listener(planDigest);
    await world.calm();
    return world.get(id);
  };

  const one = await approve();
  assert.deepEqual([one.state, one.waitingFor?.details['given']], ['awaiting-approval', 1]);
  assert.deepEqual(executions(world), [0, 0]);
  const two = await approve();

  assert.equal(two.state, 'succeeded');
  await world.close();
});

const undone: Partial<Strategy> = { ...twoWaves, failuresMax: 0, onFailure: 'rollback' };

test('a plan that says so undoes what it touched by itself when it halts, and nothing else', async () => {
  const { gates, said } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...undone, gates: [check] }, 'test.change');

  said.verdict = { kind: 'fails', reason: null, evidence: {} };
  await pass(world, 10);

  const { state, cause, rolledBackBy } = await world.get(id);
  assert.deepEqual([state, cause.code], ['rolled-back', 'ROLLOUT_ROLLED_BACK']);
  assert.equal((await world.get(rolledBackBy ?? '')).rollbackOf, id);
  assert.deepEqual(executions(world), [2, 2, 0, 0]);
  await world.close();
});

test('an undo that fails somewhere leaves the rollout halted, and says so', async () => {
  const { gates, said } = judge();
  const world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...undone, gates: [check] }, 'test.change');
  hostAt(world, 1).script = 'fail';

  said.verdict = { kind: 'fails', reason: null, evidence: {} };
  await pass(world, 10);

  const { state, cause } = await world.get(id);
  assert.deepEqual([state, cause.code], ['halted', 'ROLLOUT_ROLLBACK_FAILED']);
  await world.close();
});

test('killed while it rolls back, the server goes on with it, and undoes once', async () => {
  const { gates, said } = judge();
  let world = await openTestRollouts(4, { rules: { gates } });
  const { id } = await started(world, { ...undone, gates: [check] }, 'test.change');
  said.verdict = { kind: 'fails', reason: null, evidence: {} };
  world.clock.advance(10_000);

  for (let kill = 0; kill < 8; kill++) {
    for (let turn = 0; turn < kill; turn++) await new Promise((resolve) => setImmediate(resolve));
    world = await world.crash();
    world.fleet.connectAll();
  }
  await pass(world, 60);

  assert.equal((await world.get(id)).state, 'rolled-back');
  assert.deepEqual(executions(world), [2, 2, 0, 0]);
  await world.close();
});

test('a person undoes an ended rollout as a plan of its own, after a look that changes nothing', async () => {
  const world = await openTestRollouts(3);
  const { id } = await started(world, {}, 'test.change');
  const roll = (preview: boolean) =>
    world.call<{ rollout: Rollout | null; made: { hostsCount: number } }>('rollouts.rollback', {
      params: { rolloutId: id },
      body: { preview },
    });

  const preview = await roll(true);
  assert.deepEqual([preview.rollout, preview.made.hostsCount], [null, 3]);
  assert.deepEqual(executions(world), [1, 1, 1]);
  const { rollout } = await roll(false);
  await world.calm();

  assert.equal((await world.get(rollout?.id ?? '')).state, 'succeeded');
  assert.equal((await world.get(id)).rolledBackBy, rollout?.id);
  await world.close();
});
