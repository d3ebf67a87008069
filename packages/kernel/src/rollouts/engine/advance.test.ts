import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advance, nextWakeAt, refusalOf } from './advance.ts';
import { newState } from './build-state.ts';
import type { Effect, Input } from './inputs.ts';
import { type EngineConfig, type EngineState, OFFER_START_WINDOW_MS, TASK_GRACE_MS } from './state.ts';
import { equalWaves, testConfig } from './test-config.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const cause = { code: 'TASK_STOPPED', details: {} };

function rollout(hosts: number, changes: Partial<EngineConfig> = {}) {
  const state = newState(
    testConfig(NOW, hosts, changes),
    Array.from({ length: hosts }, (_, n) => `h_${n}`),
  );
  const feed = (input: Input, now = NOW): readonly Effect[] => advance(state, input, now).effects;
  const grant = (index: number) => feed({ kind: 'claim-answered', index, answer: { kind: 'granted' } });
  return { state, feed, grant };
}

const outcome = (index: number, kind: 'succeeded' | 'failed' | 'cancelled', hasStarted = true): Input => ({
  kind: 'outcome',
  index,
  attempt: 1,
  outcome: { kind, startedAt: hasStarted ? '2026-01-01T00:00:00.000Z' : null, error: null },
});
const phases = (state: EngineState) => state.tasks.map((task) => task.phase);
const kinds = (effects: readonly Effect[]) => effects.map((effect) => effect.kind);

test('a grant that comes after a pause is given back, and the task keeps its place', () => {
  const { state, feed, grant } = rollout(1);
  feed({ kind: 'tick' });
  feed({ kind: 'pause', by: 'ann', reason: 'lunch' });

  const effects = grant(0);

  assert.deepEqual(kinds(effects), ['release']);
  assert.deepEqual(phases(state), ['pending']);
  assert.deepEqual(kinds(feed({ kind: 'resume', by: 'ann' })), ['rollout-changed', 'claim']);
});

test('a task that had started and that the agent no longer knows is unknown, one that had not is offered again', () => {
  const { state, feed, grant } = rollout(2);
  feed({ kind: 'tick' });
  grant(0);
  grant(1);
  feed({ kind: 'started', index: 0, attempt: 1 });
  feed({ kind: 'accepted', index: 1, attempt: 1 });

  feed({ kind: 'journal', index: 0, attempt: 1, entry: 'absent' });
  const effects = feed({ kind: 'journal', index: 1, attempt: 1, entry: 'absent' });

  assert.deepEqual(phases(state), ['unknown', 'pending']);
  assert.equal(state.tasks[0]?.cause?.code, 'TASK_LOST_BY_AGENT');
  assert.ok(effects.some((effect) => effect.kind === 'claim' && effect.index === 1));
});

test('what was asked of a host is asked again in its next session', () => {
  const { feed, grant } = rollout(2);
  feed({ kind: 'tick' });
  grant(0);
  grant(1);
  feed({ kind: 'started', index: 1, attempt: 1 });
  feed({ kind: 'cancel', by: 'ann', endRunning: true });

  assert.deepEqual(kinds(feed({ kind: 'journal', index: 0, attempt: 1, entry: 'accepted' })), [
    'task-changed',
    'withdraw',
  ]);
  assert.deepEqual(kinds(feed({ kind: 'journal', index: 1, attempt: 1, entry: 'started' })), ['cancel']);
});

test('a withdrawal that comes too late lets the task run on, or ends it if that was asked for', () => {
  for (const endRunning of [false, true]) {
    const { state, feed, grant } = rollout(1);
    feed({ kind: 'tick' });
    grant(0);
    feed({ kind: 'stop', index: 0, endRunning, cause });

    const effects = feed({ kind: 'started', index: 0, attempt: 1 });

    assert.deepEqual(phases(state), ['running']);
    assert.equal(kinds(effects).includes('cancel'), endRunning);
  }
});

test('a stopped task is offered again as a new attempt once the stop is cleared', () => {
  const { state, feed, grant } = rollout(1);
  feed({ kind: 'tick' });
  grant(0);
  feed({ kind: 'stop', index: 0, endRunning: false, cause });

  feed(outcome(0, 'cancelled', false));
  feed({ kind: 'claim-answered', index: 0, answer: { kind: 'stopped' } });
  assert.equal(state.waiting?.code, 'WAITS_FOR_STOP_CLEARED');
  feed({ kind: 'host-ready', index: 0 });
  const effects = grant(0);

  assert.deepEqual(effects.at(-1), { kind: 'offer', index: 0, attempt: 2 });
});

test('a host that was broken before its task is skipped, and counts as no failure', () => {
  const { state, feed, grant } = rollout(2, { failuresMax: 0 });
  feed({ kind: 'tick' });
  grant(0);

  const error = { code: 'TASK_PROBE_FAILING_BEFORE', details: { probe: 'shop' } };
  feed({ kind: 'outcome', index: 0, attempt: 1, outcome: { kind: 'refused', startedAt: null, error } });

  assert.deepEqual(phases(state), ['skipped', 'pending']);
  assert.equal(state.tasks[0]?.cause, error);
  assert.equal(state.state, 'running');
});

test('one failure allowed: two tasks go at a time, and the second failure halts and withdraws the rest', () => {
  const { state, feed, grant } = rollout(5, { failuresMax: 1 });
  const first = feed({ kind: 'tick' });
  grant(0);
  grant(1);

  assert.equal(first.filter((effect) => effect.kind === 'claim').length, 2);
  assert.equal(state.waiting?.code, 'WAITS_FOR_FAILURE_THROTTLE');
  feed(outcome(0, 'failed'));
  feed(outcome(1, 'failed'));

  assert.equal(state.state, 'halted');
  assert.deepEqual(phases(state), ['failed', 'failed', 'cancelled', 'cancelled', 'cancelled']);
});

test('a silent host makes its task unknown when both the limit and the grace are over', () => {
  const { state, feed, grant } = rollout(2);
  feed({ kind: 'tick' });
  grant(0);
  grant(1);
  feed({ kind: 'started', index: 0, attempt: 1 });

  assert.equal(nextWakeAt(state), NOW + 60_000 + TASK_GRACE_MS);
  feed({ kind: 'tick' }, NOW + 60_000 + TASK_GRACE_MS);
  assert.deepEqual(phases(state), ['unknown', 'offered']);
  feed({ kind: 'tick' }, NOW + OFFER_START_WINDOW_MS + 60_000 + TASK_GRACE_MS);

  assert.deepEqual(phases(state), ['unknown', 'unknown']);
  assert.equal(state.state, 'failed');
});

test('the truth about an unknown task may come late, even after the rollout has ended', () => {
  const { state, feed, grant } = rollout(1);
  feed({ kind: 'tick' });
  grant(0);
  feed({ kind: 'tick' }, NOW + HOUR);
  feed({ kind: 'tick' }, NOW + 2 * HOUR);
  assert.deepEqual(phases(state), ['unknown']);

  feed(outcome(0, 'succeeded'), NOW + 3 * HOUR);

  assert.deepEqual(phases(state), ['succeeded']);
});

test('a host that speaks late of an unknown task gives back what was held for it, also when it cannot say how it ended', () => {
  for (const kind of ['succeeded', 'unknown'] as const) {
    const { state, feed, grant } = rollout(1);
    feed({ kind: 'tick' });
    grant(0);
    feed({ kind: 'started', index: 0, attempt: 1 });
    feed({ kind: 'tick' }, NOW + HOUR);
    assert.deepEqual(phases(state), ['unknown']);

    const word = { kind, startedAt: '2026-01-01T00:00:00.000Z', error: null };
    const effects = feed({ kind: 'outcome', index: 0, attempt: 1, outcome: word }, NOW + 2 * HOUR);

    assert.deepEqual(
      effects.filter((effect) => effect.kind === 'release'),
      [{ kind: 'release', index: 0, how: 'told' }],
    );
  }
});

test('right after a start of the server no offline policy is applied to hosts that may be on their way back', () => {
  const { state, feed } = rollout(1, { offline: 'fail' });
  feed({ kind: 'tick' });

  feed({ kind: 'claim-answered', index: 0, answer: { kind: 'offline', isCertain: false } });

  assert.deepEqual(phases(state), ['pending']);
  assert.deepEqual(state.waiting, { code: 'WAITS_FOR_SETTLING', details: { hosts: 1 }, since: NOW });

  feed({ kind: 'host-ready', index: 0 });
  feed({ kind: 'claim-answered', index: 0, answer: { kind: 'offline', isCertain: true } });

  assert.deepEqual(phases(state), ['failed']);
});

test('acts that make no sense in a state are refused', () => {
  const { state, feed } = rollout(1);
  feed({ kind: 'tick' });

  assert.equal(refusalOf(state, 'resume'), 'state');
  feed({ kind: 'cancel', by: 'ann', endRunning: false });

  assert.equal(state.state, 'cancelled');
  assert.equal(refusalOf(state, 'pause'), 'ended');
});

test('ten thousand tasks cost a few inputs each and nothing more', () => {
  const { state, feed } = rollout(10_000, { inFlightMax: 500 });
  const queue: Input[] = [{ kind: 'tick' }];
  let inputs = 0;

  for (let at = 0; at < queue.length; at++) {
    const input = queue[at];
    if (input === undefined) break;
    inputs += 1;
    for (const effect of feed(input)) {
      if (effect.kind === 'claim')
        queue.push({ kind: 'claim-answered', index: effect.index, answer: { kind: 'granted' } });
      if (effect.kind !== 'offer') continue;
      queue.push({ kind: 'accepted', index: effect.index, attempt: 1 });
      queue.push({ kind: 'started', index: effect.index, attempt: 1 }, outcome(effect.index, 'succeeded'));
    }
  }

  assert.equal(state.state, 'succeeded');
  assert.equal(inputs, 40_001);
});

const skipped = (index: number): Input => ({
  kind: 'claim-answered',
  index,
  answer: { kind: 'unfit', cause: { code: 'TASK_HOST_IN_MAINTENANCE', details: {} } },
});

test('canaries of which none is known to have run open nothing: what follows has been tried nowhere', () => {
  const { state, feed } = rollout(4, { waves: equalWaves(4, 2, { isCanary: true }) });
  feed({ kind: 'tick' });
  feed(skipped(0));
  assert.equal(state.state, 'running');
  feed(skipped(1));

  assert.equal(state.state, 'halted');
  assert.deepEqual(state.cause, {
    code: 'ROLLOUT_CANARY_UNTRIED',
    details: { wave: 1, waveName: '1', hosts: 2 },
    by: null,
  });
  assert.deepEqual(phases(state), ['skipped', 'skipped', 'cancelled', 'cancelled']);
});

test('a canary whose end nobody knows shows nothing', () => {
  const { state, feed, grant } = rollout(2, { waves: equalWaves(2, 1, { isCanary: true }) });
  feed({ kind: 'tick' });
  grant(0);
  feed({ kind: 'started', index: 0, attempt: 1 });
  feed({ kind: 'journal', index: 0, attempt: 1, entry: 'absent' });

  assert.deepEqual(phases(state), ['unknown', 'cancelled']);
  assert.equal(state.cause.code, 'ROLLOUT_CANARY_UNTRIED');
});

test('one canary that ran is enough, waves that are none need nobody, and the last wave has nothing to open', () => {
  const tried = rollout(3, { waves: equalWaves(3, 2, { isCanary: true }) });
  tried.feed({ kind: 'tick' });
  tried.feed(skipped(0));
  tried.grant(1);
  tried.feed(outcome(1, 'succeeded'));
  const plain = rollout(2, { waves: equalWaves(2, 1) });
  plain.feed({ kind: 'tick' });
  plain.feed(skipped(0));
  const only = rollout(1, { waves: equalWaves(1, 1, { isCanary: true }) });
  only.feed({ kind: 'tick' });
  only.feed(skipped(0));

  assert.deepEqual([tried.state.wave, tried.state.state], [1, 'running']);
  assert.deepEqual([plain.state.wave, plain.state.state], [1, 'running']);
  assert.equal(only.state.cause.code, 'ROLLOUT_NOTHING_RAN');
});
