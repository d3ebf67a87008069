import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import {
  type Explanation,
  type MadePlan,
  type PlanPreview,
  planRoutes,
  predictionRoutes,
  type Rollout,
  rolloutRoutes,
} from '@pilothouse/contract';
import { runTestCli, TEST_NOW, type TestCliOptions } from './test-cli.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let directory: string;

beforeEach(async () => {
  server = await startTestServer();
  directory = await mkdtemp(join(tmpdir(), 'pilothouse-cli-'));
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

const run = (line: readonly string[], options: Partial<TestCliOptions> = {}) =>
  runTestCli(line, {
    directory,
    environment: { PILOTHOUSE_SERVER: server.url, PILOTHOUSE_TOKEN: 'phk_1' },
    ...options,
  });

const at = new Date(TEST_NOW).toISOString();
const digest = 'd'.repeat(64);
const rolloutId = 'r_0k3v9d2qa7m8f4q7xz';
const host = (n: number) => ({ hostId: `h_${String(n).padStart(18, '0')}`, hostName: `web-${n}` });
const strategy: Rollout['strategy'] = {
  waves: { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 100 }] },
  inFlightMax: 100,
  failuresMax: 0,
  offline: 'wait',
  taskTimeoutMs: 60_000,
  factsAgeMaxMs: null,
  gates: [
    { kind: 'probes', name: 'probes', after: 'each', soakMs: 600_000, everyMs: 10_000, failingMax: 0 },
    { kind: 'confirm', name: 'confirm', after: 1, text: 'Does it sell?' },
  ],
};
const made: MadePlan = {
  plan: {
    digest,
    header: {
      version: 1,
      title: 'nginx 1.27',
      createdBy: 'ada',
      createdAt: at,
      notBefore: at,
      expiresAt: at,
      target: { selector: 'true' },
      strategy,
      waves: [
        { name: 'canary', hostsCount: 1 },
        { name: 'wave 2 (100 %)', hostsCount: 2 },
      ],
      actionSchemas: { 'commands.run': digest },
      stepsRoot: digest,
      stepsCount: 3,
      retryOf: null,
    },
  },
  hostsCount: 3,
  undeterminedCount: 0,
  undetermined: [],
  lackingCount: 0,
  lacking: [],
};
const preview: PlanPreview = {
  effect: 'disruptive',
  interrupts: 'service',
  wavesCount: 2,
  waves: [
    {
      name: 'canary',
      hostsCount: 1,
      hosts: [host(1)],
      budgets: [{ name: 'web', domain: 'bj1', hostsCount: 1, allowed: 2, down: 1 }],
      gates: ['probes', 'confirm'],
    },
    { name: 'wave 2 (100 %)', hostsCount: 2, hosts: [host(2), host(3)], budgets: [], gates: ['probes'] },
  ],
  approvals: { required: 2, given: 1 },
  undo: {
    kind: 'none',
    lacking: [
      {
        action: 'commands.run',
        title: { en: 'Run a command', zh: '执行命令' },
        reason: { en: 'nobody knows what a command did', zh: '无法得知命令做了什么' },
      },
    ],
  },
  closed: [{ kind: 'freeze', name: 'year end', until: at, opensAt: at, hostsCount: 1, hosts: [host(3)] }],
  lackingCount: 0,
  matchingNow: 4,
  tracks: [{ action: 'commands.run', schema: digest, compared: 40, matched: 39, notComparable: 2 }],
};
const rollout: Rollout = {
  id: rolloutId,
  planDigest: digest,
  kind: 'run',
  title: 'nginx 1.27',
  state: 'running',
  cause: { code: 'ROLLOUT_STARTED', details: {}, by: null },
  waitingFor: {
    code: 'WAITS_FOR_CONFIRMATION',
    details: { gate: 'confirm', wave: 1, text: 'Does it sell?' },
    since: at,
  },
  counts: {
    pending: 2,
    offered: 0,
    running: 0,
    succeeded: 1,
    failed: 0,
    unknown: 0,
    skipped: 0,
    cancelled: 0,
    expired: 0,
  },
  wave: 0,
  wavesCount: 2,
  strategy,
  target: { selector: 'true' },
  createdBy: 'ada',
  createdAt: at,
  startedAt: at,
  endedAt: null,
  expiresAt: at,
  retryOf: null,
  rollbackOf: null,
  rolledBackBy: null,
  etag: '1',
};

test('a plan is shown whole before it exists: waves, budgets, gates, approvals, undo and how true dry runs were', async () => {
  server.on(planRoutes.sketch, { json: { made, preview } });

  const { out, exit } = await run(
    'plan make --all --canary 1 --soak 10m --probe unit:nginx.service --approvals 2 --dry -- nginx -t'.split(
      ' ',
    ),
  );

  assert.equal(exit, 0);
  const [sent] = server.requests(planRoutes.sketch);
  assert.deepEqual(sent?.body, {
    title: 'nginx -t',
    target: { selector: 'true' },
    actions: [{ action: 'commands.run', parameters: { argv: ['nginx', '-t'], effect: 'disruptive' } }],
    strategy: {
      waves: { kind: 'staged', canary: { hosts: 1 }, then: [{ percent: 100 }] },
      probes: [
        {
          kind: 'unit',
          name: 'unit-1',
          unit: 'nginx.service',
          tries: 5,
          pauseMs: 2000,
          timeoutMs: 5000,
        },
      ],
      gates: [{ ...strategy.gates?.[0] }],
      approvalsMin: 2,
    },
  });
  for (const words of [
    /canary\s+1\s+web-1\s+web \(bj1\) 1\/2\s+probes, confirm/,
    /probes: probes pass through 10m0s, after each wave/,
    /1 of 2 have said yes/,
    /nobody knows what a command did/,
    /freeze year end on web-3; open from 2026-01-02 03:04:05Z/,
    /would mean 4 hosts now; the plan has 3/,
    /right on 39 of 40 hosts \(2 could not be compared\)/,
  ])
    assert.match(out, words);
  assert.equal(server.requests(planRoutes.create).length, 0);
});

test('options beside a plan file take its place, and what the file says alone stays', async () => {
  server.on(planRoutes.create, { json: made });
  server.on(planRoutes.preview, { json: preview });
  const path = join(directory, 'plan.yaml');
  await writeFile(
    path,
    'title: t\ntarget: { selector: "true" }\nactions: [{ action: a.b, parameters: {} }]\nstrategy: { failuresMax: 3, offline: skip }\n',
  );

  const { exit } = await run(['plan', 'make', '-f', path, '--offline', 'fail', '--json']);

  assert.equal(exit, 0);
  assert.deepEqual(server.requests(planRoutes.create)[0]?.body, {
    title: 't',
    target: { selector: 'true' },
    actions: [{ action: 'a.b', parameters: {} }],
    strategy: { failuresMax: 3, offline: 'fail' },
  });
});

test('an explanation shows waves, the verdict and the soak of gates, who can go on, and when it would end', async () => {
  const explanation: Explanation = {
    rollout,
    unblocking: {
      by: 'person',
      permission: 'rollouts.control',
      command: `pilothouse rollout confirm ${rolloutId} --gate "confirm"`,
    },
    reasons: [],
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
      { name: 'canary', hostsCount: 1, endedCount: 1, failuresCount: 0, failuresMax: 0 },
      { name: 'wave 2 (100 %)', hostsCount: 2, endedCount: 0, failuresCount: 0, failuresMax: null },
    ],
    throttle: { by: 'failures', allowed: 1 },
    endsAt: at,
  };
  server.on(rolloutRoutes.explain, { json: explanation });

  const { out } = await run(['rollout', 'explain', rolloutId]);
  const chinese = await run(['rollout', 'explain', rolloutId, '--lang', 'zh']);

  for (const words of [
    /canary\s+1\/1\s+0 \(≤ 0\)\s+done/,
    /gate probes\s+holds · 6m0s of 10m0s left · failing=0/,
    /wave 2 \(100 %\)\s+0\/2\s+0\s+next/,
    /A person with rollouts.control can go on: pilothouse rollout confirm/,
    /At most 1 at a time/,
    /At this rate it ends at 2026-01-02 03:04:05Z/,
  ])
    assert.match(out, words);
  assert.match(chinese.out, /还需 6m0s（共 10m0s）/);
});

test('a confirmation reads the gate that waits, and asks its question', async () => {
  server.on(rolloutRoutes.get, { json: rollout });
  server.on(rolloutRoutes.confirm, { json: { ...rollout, waitingFor: null } });

  const { err, exit } = await run(['rollout', 'confirm', rolloutId], { answers: ['y'] });

  assert.equal(exit, 0);
  assert.match(err, /Gate "confirm" after wave 1 asks: Does it sell\? Go on\?/);
  assert.deepEqual(server.requests(rolloutRoutes.confirm)[0]?.body, { gate: 'confirm' });
});

test('a rollback says in which order and what stays before it is offered', async () => {
  const undo = { ...made.plan, header: { ...made.plan.header, rollbackOf: digest } };
  server.on(rolloutRoutes.get, { json: rollout });
  server.on(rolloutRoutes.rollback, { json: { rollout: null, made: { ...made, plan: undo } } });
  server.on(planRoutes.preview, { json: preview });

  const dry = await run(['rollout', 'rollback', rolloutId, '--dry']);
  const refused = await run(['rollout', 'rollback', rolloutId], { answers: ['n'] });

  assert.match(dry.out, /canary\s+1\n/);
  assert.match(dry.out, /What stays as it is:\n {2}commands.run: nobody knows/);
  assert.match(refused.err, /Undo "nginx 1.27" on 3 hosts, in 2 waves\?/);
  assert.deepEqual(
    server.requests(rolloutRoutes.rollback).map((seen) => seen.body),
    [{ preview: true }, { preview: true }],
  );
});

test('a prediction stands beside what the run did', async () => {
  server.on(predictionRoutes.get, {
    json: {
      dryRunId: rolloutId,
      tracks: preview.tracks,
      nextCursor: null,
      items: [
        {
          ...host(1),
          state: 'succeeded',
          actions: [
            {
              action: 'files.write',
              verdict: 'differs',
              predicted: { count: 1, changes: [{ path: '/etc/a' }] },
              actual: { count: 0, changes: [] },
            },
          ],
        },
      ],
    },
  });

  const { out } = await run(['rollout', 'prediction', rolloutId, '--verdict', 'differs']);

  assert.match(out, /web-1\s+succeeded\s+files.write\s+1: \{"path":"\/etc\/a"\}\s+0:\s+differs/);
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
  server.on(rolloutRoutes.explain, { json: { rollout: halted, unblocking: null, ...nothing } });

  const { out } = await run(['rollout', 'explain', rolloutId]);

  assert.match(out, /evidence\s+The condition is false: wave.failed == 0 · wave=\{"number":2,"failed":1\}/);
});
