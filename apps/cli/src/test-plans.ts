import type { MadePlan, PlanPreview, Rollout } from '@pilothouse/contract';
import { TEST_NOW } from './test-cli.ts';

/** For tests: a plan and its rollout, as a server would say them. */
export const at = new Date(TEST_NOW).toISOString();
export const digest = 'd'.repeat(64);
export const rolloutId = 'r_0k3v9d2qa7m8f4q7xz';
export const host = (n: number) => ({ hostId: `h_${String(n).padStart(18, '0')}`, hostName: `web-${n}` });
export const strategy: Rollout['strategy'] = {
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
export const made: MadePlan = {
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
export const preview: PlanPreview = {
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
export const rollout: Rollout = {
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
