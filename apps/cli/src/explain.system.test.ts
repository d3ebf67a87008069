import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Explanation,
  predictionRoutes,
  type Rollout,
  resultRoutes,
  rolloutRoutes,
} from '@pilothouse/contract';
import { signedInCli } from './signed-in-cli.ts';
import { TEST_NOW } from './test-cli.ts';
import { at, host, preview, rollout, rolloutId } from './test-plans.ts';

const cli = signedInCli();
const { run } = cli;

test('an explanation shows waves, the verdict and the soak of gates, who can go on, and when it would end', async () => {
  const explanation: Explanation = {
    rollout,
    unblocking: {
      by: 'person',
      permission: 'rollouts.control',
      command: `pilothouse rollout confirm ${rolloutId} --gate "confirm"`,
    },
    reasons: [
      {
        code: 'WAITS_FOR_BUDGET',
        details: { hosts: 2, name: 'etcd', domain: 'site=bj1', down: 1, allowed: 1 },
        unblocking: { by: 'rollout', permission: 'budgets.write', command: 'pilothouse budget' },
        hostsCount: 2,
        hosts: [host(1), host(2)],
        holders: [
          {
            ...host(3),
            by: 'lease',
            since: new Date(TEST_NOW - 245_000).toISOString(),
            rolloutId,
            title: 'reboot',
            person: 'ada',
          },
        ],
        holdersCount: 3,
      },
    ],
    gates: [
      {
        name: 'probes',
        kind: 'probes',
        wave: 1,
        state: 'now',
        since: at,
        soakedMs: 240_000,
        soakMs: 600_000,
        verdict: { kind: 'holds', reason: null, evidence: { failing: 0 }, at },
      },
      {
        name: 'confirm',
        kind: 'confirm',
        wave: 1,
        state: 'to-come',
        since: null,
        soakedMs: null,
        soakMs: null,
        verdict: null,
      },
    ],
    waves: [
      { name: 'canary', hostsCount: 1, endedCount: 1, failuresCount: 0, failuresMax: 0, counts: null },
      {
        name: 'wave 2 (100 %)',
        hostsCount: 2,
        endedCount: 0,
        failuresCount: 0,
        failuresMax: null,
        counts: null,
      },
    ],
    throttle: { by: 'failures', allowed: 1 },
    endsAt: at,
    forecast: { workMs: 1000, gatesMs: 360_000, closedMs: 0, dependsOn: ['WAITS_FOR_CONFIRMATION'] },
    failures: null,
    notUndone: null,
  };
  cli.server.on(rolloutRoutes.explain, { json: explanation });

  const { out } = await run(['rollout', 'explain', rolloutId]);
  const chinese = await run(['rollout', 'explain', rolloutId, '--lang', 'zh']);

  for (const words of [
    /canary\s+1\/1\s+0 \(≤ 0\)\s+done/,
    /gate probes\s+holds · 6m0s of 10m0s left · failing=0/,
    /wave 2 \(100 %\)\s+0\/2\s+0\s+next/,
    /A person with rollouts.control can go on: pilothouse rollout confirm/,
    /At most 1 at a time/,
    /2 hosts wait for budget "etcd" site=bj1: 1 is down, 1 may be/,
    new RegExp(`web-3: held for 4m by ${rolloutId} "reboot" \\(ada\\)\n {2}and 2 more`),
    /Not before 2026-01-02 03:04:05Z: it also waits for a person to confirm \(work 1.0 s, gates 6m0s\)/,
  ])
    assert.match(out, words);
  assert.match(chinese.out, /还需 6m0s（共 10m0s）/);
  assert.match(chinese.out, /web-3：已被 r_\S+“reboot”（ada）占用 4m/);
});

test('a wait that is the only one is said once, with its hosts; without a rate nobody guesses the end', async () => {
  const details = { hosts: 2, name: 'etcd', domain: '', down: 1, allowed: 1 };
  const waits = { code: 'WAITS_FOR_BUDGET', details, since: at };
  const unblocking = { by: 'rollout', permission: 'budgets.write', command: 'pilothouse budget' };
  const reason = { code: waits.code, details, unblocking, hostsCount: 2, hosts: [host(1), host(2)] };
  cli.server.on(rolloutRoutes.explain, {
    json: {
      ...{ gates: [], waves: [], throttle: null, endsAt: null, failures: null, notUndone: null, unblocking },
      rollout: { ...rollout, waitingFor: waits },
      reasons: [{ ...reason, holders: [], holdersCount: 0 }],
    },
  });

  const { out } = await run(['rollout', 'explain', rolloutId]);

  assert.equal(out.split('2 hosts wait for budget "etcd": 1 is down, 1 may be').length, 2);
  assert.match(out, /\n {2}web-1, web-2\n/);
  assert.match(out, /When it ends cannot be said yet/);
});

test('a moment within a reason is read as in a table', async () => {
  const until = '2026-01-02T03:05:05.217Z';
  const details = { gate: 'coffee', wave: 1, until };
  const waits = { code: 'WAITS_FOR_PAUSE_BETWEEN_WAVES', details, since: at };
  cli.server.on(rolloutRoutes.explain, {
    json: {
      ...{ gates: [], waves: [], throttle: null, endsAt: null, failures: null, notUndone: null },
      ...{ rollout: { ...rollout, waitingFor: waits }, reasons: [], unblocking: null },
    },
  });

  const { out } = await run(['rollout', 'explain', rolloutId]);

  assert.match(out, /until 2026-01-02 03:05:05Z/);
});

test('before a rollout runs, its first wave is the one that comes next', async () => {
  const wave = {
    name: 'canary',
    hostsCount: 1,
    endedCount: 0,
    failuresCount: 0,
    failuresMax: 0,
    counts: null,
  };
  const nothing = { reasons: [], gates: [], throttle: null, endsAt: null, failures: null, notUndone: null };
  const waits = { code: 'WAITS_FOR_APPROVAL', details: { given: 0, required: 1 }, since: at };
  const waiting = { ...rollout, state: 'awaiting-approval', startedAt: null, waitingFor: waits };
  const unblocking = { by: 'person', permission: 'rollouts.approve', command: 'pilothouse approve' };
  cli.server.on(rolloutRoutes.explain, {
    json: { ...nothing, rollout: waiting, unblocking, waves: [wave, { ...wave, name: 'rest' }] },
  });

  const { out } = await run(['rollout', 'explain', rolloutId]);

  assert.match(out, /canary\s+0\/1\s+0 \(≤ 0\)\s+next\n/);
  assert.match(out, /rest\s+0\/1\s+0 \(≤ 0\)\s+later\n/);
});

test('a prediction stands beside what the run did, in words, also where the run failed after its change', async () => {
  const change = { path: '/etc/a', property: 'mode', from: '0644', to: '0600' };
  const action = {
    action: 'files.write',
    verdict: 'differs',
    predicted: { count: 1, changes: [change] },
    actual: { count: 1, changes: [change] },
  };
  const ended = {
    state: 'failed',
    error: { code: 'TASK_PROBE_FAILING_AFTER', details: { probe: 'shop', evidence: 'status 500' } },
  };
  const items = [1, 2].map((n) => ({ ...host(n), state: 'succeeded', run: ended, actions: [action] }));
  const silent = { ...host(3), state: 'succeeded', run: ended, actions: [{ ...action, actual: null }] };
  cli.server.on(predictionRoutes.get, {
    json: {
      dryRunId: rolloutId,
      tracks: preview.tracks,
      nextCursor: null,
      items: [...items, silent],
    },
  });

  const { out } = await run(['rollout', 'prediction', rolloutId, '--verdict', 'differs']);

  assert.match(
    out,
    /web-1, web-2\n {2}files.write: differs\n {4}predicted:\n {6}\/etc\/a mode: 0644 → 0600\n/,
  );
  assert.match(out, /did:\n {6}\/etc\/a mode: 0644 → 0600\n {6}failed: .*shop.*\n/);
  assert.match(out, /web-3\n(.*\n)* {4}did:\n {6}failed: /);
});

test('an ended rollout is explained by its waves, the hosts that failed, and what could not be undone', async () => {
  const counts = { ...rollout.counts, pending: 0, offered: 0, running: 0, skipped: 0 };
  const failed = {
    ...host(2),
    wave: 0,
    state: 'failed',
    exitCode: 1,
    error: null,
    line: 'cannot bind to port 80',
  };
  const undo = {
    ...failed,
    exitCode: null,
    line: null,
    error: { code: 'UNDO_RECORD_MISSING', details: {} },
  };
  cli.server.on(rolloutRoutes.explain, {
    json: {
      rollout: {
        ...rollout,
        state: 'halted',
        endedAt: at,
        waitingFor: null,
        rolledBackBy: rolloutId,
        cause: { code: 'ROLLOUT_FAILURE_LIMIT', details: { failures: 1, failuresMax: 0 }, by: null },
      },
      unblocking: null,
      reasons: [],
      gates: [],
      waves: [
        {
          ...{ name: 'canary', hostsCount: 3, endedCount: 3, failuresCount: 1, failuresMax: 0 },
          counts: { ...counts, succeeded: 2, failed: 1 },
        },
        {
          ...{ name: 'rest', hostsCount: 2, endedCount: 2, failuresCount: 0, failuresMax: null },
          counts: { ...counts, succeeded: 0, failed: 0, cancelled: 2 },
        },
      ],
      throttle: null,
      endsAt: null,
      failures: { hostsCount: 1, hosts: [failed] },
      notUndone: { hostsCount: 3, hosts: [undo] },
    },
  });

  const { out } = await run(['rollout', 'explain', rolloutId]);
  const chinese = await run(['rollout', 'explain', rolloutId, '--lang', 'zh']);

  assert.doesNotMatch(out, /waits for/);
  for (const words of [
    /canary\s+3\/3\s+1 \(≤ 0\)\s+2 succeeded, 1 failed/,
    /rest\s+2\/2\s+0\s+2 cancelled/,
    /It did not come out well on 1 host:\n {2}web-2 \(wave 1\): failed, exit code 1: cannot bind to port 80/,
    /Not undone on 3 hosts, .*:\n {2}web-2 \(wave 1\): failed: .* \(UNDO_RECORD_MISSING\)\n {2}and 2 more/,
    /undo again .*: pilothouse rollout rollback/,
  ])
    assert.match(out, words);
  assert.match(chinese.out, /web-2（第 1 批）：失败, 退出码 1: cannot bind/);
});

test('a halt at a gate is explained with its reason and what was counted', async () => {
  const details = {
    ...{ gate: 'well', rule: 'wave.failed == 0', wave: 2, waveName: 'wave 2' },
    reason: { code: 'GATE_FALSE', details: { expression: 'wave.failed == 0' } },
    evidence: { wave: { number: 2, failed: 1 } },
  };
  const halted: Rollout = {
    ...rollout,
    state: 'halted',
    cause: { code: 'ROLLOUT_GATE_FAILED', details, by: null },
    waitingFor: null,
  };
  const nothing = { reasons: [], gates: [], waves: [], throttle: null, endsAt: null };
  cli.server.on(rolloutRoutes.explain, { json: { rollout: halted, unblocking: null, ...nothing } });

  const { out } = await run(['rollout', 'explain', rolloutId]);

  assert.match(out, /evidence\s+The condition is false: wave.failed == 0 · wave=\{"number":2,"failed":1\}/);
});

test('output of several hosts: the one that is meant is asked for by name', async () => {
  const task = {
    rolloutId,
    stepIndex: 0,
    wave: 0,
    state: 'succeeded',
    attempt: 1,
    cause: null,
    outcome: null,
  };
  const times = { offeredAt: at, startedAt: at, endedAt: at };
  const items = [1, 2].map((n) => ({ ...task, ...times, id: `t${n}`, ...host(n) }));
  cli.server.on(resultRoutes.tasks, { json: { items, nextCursor: null } });

  const { exit, err } = await run(['rollout', 'output', rolloutId]);

  assert.equal(exit, 2);
  assert.match(err, new RegExp(`rollout output \\S+ needs ${host(1).hostName} \\| ${host(2).hostName}`));
});

test('a list of tasks is as long as its limit says', async () => {
  const all = Array.from({ length: 1800 }, (_, n) => ({
    id: `${rolloutId}.${n}`,
    rolloutId,
    hostId: `h_${String(n).padStart(18, '0')}`,
    hostName: `web-${n}`,
    stepIndex: n,
    wave: 0,
    state: 'failed',
    attempt: 1,
    cause: null,
    offeredAt: at,
    startedAt: at,
    endedAt: at,
    outcome: null,
  }));
  cli.server.on(resultRoutes.tasks, ({ query }) => {
    const { cursor = '0', limit } = query as { cursor?: string; limit: number };
    const end = Number(cursor) + limit;
    const nextCursor = end < all.length ? String(end) : null;
    return { json: { items: all.slice(Number(cursor), end), nextCursor } };
  });

  const short = await run(['rollout', 'tasks', rolloutId, '--json']);
  const whole = await run(['rollout', 'tasks', rolloutId, '--json', '--limit', '100000']);

  assert.equal(JSON.parse(short.out).length, 1000);
  assert.equal(JSON.parse(whole.out || '[]').length, 1800, whole.err);
});
