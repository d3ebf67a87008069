import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { PageQuery, pageOf } from '../page.ts';
import { Rollout, RolloutId, RolloutState } from '../rollout.ts';
import { defineRoute } from '../route.ts';
import { Digest } from '../scalars.ts';
import { Strategy } from '../strategy.ts';
import { Task } from '../task.ts';
import { Explanation } from './explanation.ts';
import { MadePlan, NewPlan, PLAN_MAKE_ERRORS, STRATEGY_ERRORS } from './plans.ts';

export const rolloutPermissions = definePermissions({
  read: {
    name: 'rollouts.read',
    title: { en: 'See plans, rollouts and results', zh: '查看计划、发布与结果' },
    scope: 'hosts',
    isRead: true,
  },
  start: {
    name: 'rollouts.start',
    title: { en: 'Make plans and start rollouts', zh: '制定计划并启动发布' },
    scope: 'hosts',
    isRead: false,
  },
  probeCommand: {
    name: 'rollouts.probe-command',
    title: { en: 'Let hosts run any program as a probe', zh: '让主机以任意程序作为探测' },
    scope: 'hosts',
    isRead: false,
  },
  control: {
    name: 'rollouts.control',
    title: { en: 'Pause, resume and cancel rollouts', zh: '暂停、恢复和取消发布' },
    scope: 'hosts',
    isRead: false,
  },
  stop: {
    name: 'rollouts.stop',
    title: { en: 'Stop everything at once, and lift that stop', zh: '紧急停止及解除' },
    scope: 'hosts',
    isRead: false,
  },
});

const Id = z.object({ rolloutId: RolloutId });
const exampleId = { rolloutId: 'r_000000000000000000' };
const read = { kind: 'permission', permission: 'rollouts.read' } as const;
const start = { kind: 'permission', permission: 'rollouts.start' } as const;
const control = { kind: 'permission', permission: 'rollouts.control' } as const;
/** Of whoever sets work in motion, whoever planned it. */
const START_ERRORS = ['PLAN_HOST_FORBIDDEN', 'PLAN_PERMISSION_LACKING'] as const;
const RolloutKind = z.enum(['run', 'dry-run']);

export const StartRollout = z.object({ planDigest: Digest, kind: RolloutKind.default('run') });
export const RunNow = NewPlan.extend({ kind: RolloutKind.default('run') });
/** What a watcher is sent, by event name. */
export const WatchEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('rollout'), rollout: Rollout }),
  z.object({ kind: z.literal('task'), task: Task }),
  z.object({
    kind: z.literal('output'),
    taskId: z.string(),
    hostName: z.string(),
    offsetBytes: z.number().int(),
    chunks: z.array(z.object({ stream: z.enum(['stdout', 'stderr']), text: z.string() })),
  }),
  /** The watcher was too slow, and this many tasks and pieces of output were left out: read them by the list routes. */
  z.object({ kind: z.literal('gap'), tasks: z.number().int(), outputs: z.number().int() }),
  z.object({ kind: z.literal('end'), rollout: Rollout }),
]);
export type WatchEvent = z.infer<typeof WatchEvent>;

export const rolloutRoutes = {
  start: defineRoute({
    id: 'rollouts.start',
    method: 'POST',
    path: '/api/v1/rollouts',
    summary: { en: 'Carry a plan out', zh: '执行计划' },
    access: start,
    body: StartRollout,
    response: Rollout,
    errors: ['NOT_FOUND', 'PLAN_EXPIRED', 'PLAN_ALREADY_STARTED', ...START_ERRORS, 'ROLLOUTS_BUSY'],
    example: { body: { planDigest: '0'.repeat(64) } },
  }),
  run: defineRoute({
    id: 'rollouts.run',
    method: 'POST',
    path: '/api/v1/runs',
    summary: { en: 'Plan and carry out in one: an ad-hoc run', zh: '即席执行：制定计划并立即执行' },
    access: start,
    body: RunNow,
    response: z.object({ rollout: Rollout, made: MadePlan }),
    errors: [...PLAN_MAKE_ERRORS, 'ROLLOUTS_BUSY'],
    example: {
      body: {
        title: 'uptime',
        target: { selector: 'true' },
        actions: [{ action: 'commands.run', parameters: { argv: ['uptime'], effect: 'read' } }],
      },
    },
  }),
  list: defineRoute({
    id: 'rollouts.list',
    method: 'GET',
    path: '/api/v1/rollouts',
    summary: { en: 'List rollouts, newest first', zh: '列出发布（新的在前）' },
    access: read,
    query: PageQuery.extend({ state: RolloutState.optional(), active: z.stringbool().optional() }),
    response: pageOf(Rollout),
    errors: [],
    example: { query: { limit: '10' } },
  }),
  get: defineRoute({
    id: 'rollouts.get',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}',
    summary: { en: 'Read a rollout', zh: '读取发布' },
    access: read,
    params: Id,
    response: Rollout,
    errors: ['NOT_FOUND'],
    example: { params: exampleId },
  }),
  explain: defineRoute({
    id: 'rollouts.explain',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}/explanation',
    summary: { en: 'Say what a rollout waits for, and where', zh: '说明发布在等待什么' },
    access: read,
    params: Id,
    response: Explanation,
    errors: ['NOT_FOUND'],
    example: { params: exampleId },
  }),
  watch: defineRoute({
    id: 'rollouts.watch',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}/watch',
    summary: { en: 'Follow a rollout until it ends', zh: '实时跟踪发布直至结束' },
    access: read,
    params: Id,
    query: z.object({
      output: z.stringbool().default(true),
      /** Of a large rollout every host's task is a megabyte for a thousand of them; the counts come with the rollout. */
      tasks: z.stringbool().default(true),
    }),
    stream: 'text/event-stream',
    errors: ['NOT_FOUND'],
    example: { params: exampleId },
  }),
  pause: defineRoute({
    id: 'rollouts.pause',
    method: 'POST',
    path: '/api/v1/rollouts/{rolloutId}/pause',
    summary: { en: 'Start nothing new; what runs goes on', zh: '暂停：不再开始新任务' },
    access: control,
    params: Id,
    body: z.object({ reason: z.string().max(500).default('') }),
    response: Rollout,
    errors: ['NOT_FOUND', 'ROLLOUT_FORBIDDEN', 'ROLLOUT_STATE_CONFLICT', 'ROLLOUTS_BUSY'],
    example: { params: exampleId, body: { reason: 'shift change' } },
  }),
  resume: defineRoute({
    id: 'rollouts.resume',
    method: 'POST',
    path: '/api/v1/rollouts/{rolloutId}/resume',
    summary: {
      en: 'Go on after a pause: takes the right to start it, too',
      zh: '恢复执行（也需要启动权限）',
    },
    access: control,
    params: Id,
    response: Rollout,
    errors: ['NOT_FOUND', 'ROLLOUT_FORBIDDEN', ...START_ERRORS, 'ROLLOUT_STATE_CONFLICT', 'ROLLOUTS_BUSY'],
    example: { params: exampleId },
  }),
  cancel: defineRoute({
    id: 'rollouts.cancel',
    method: 'POST',
    path: '/api/v1/rollouts/{rolloutId}/cancel',
    summary: { en: 'End a rollout: withdraw what has not started', zh: '取消发布：撤回尚未开始的任务' },
    access: control,
    params: Id,
    body: z.object({ endRunning: z.boolean().default(false) }),
    response: Rollout,
    errors: ['NOT_FOUND', 'ROLLOUT_FORBIDDEN', 'ROLLOUT_STATE_CONFLICT', 'ROLLOUTS_BUSY'],
    example: { params: exampleId, body: { endRunning: true } },
  }),
  confirm: defineRoute({
    id: 'rollouts.confirm',
    method: 'POST',
    path: '/api/v1/rollouts/{rolloutId}/confirm',
    summary: {
      en: 'Say "go on" at the gate that waits for a person: takes the right to start it, too',
      zh: '在等待人工确认的关卡处放行（也需要启动权限）',
    },
    access: control,
    params: Id,
    /** The name of the gate, so that nobody confirms another one than they read. */
    body: z.object({ gate: z.string().min(1).max(80) }),
    response: Rollout,
    errors: [
      'NOT_FOUND',
      'ROLLOUT_FORBIDDEN',
      ...START_ERRORS,
      'ROLLOUT_STATE_CONFLICT',
      'ROLLOUT_GATE_NOT_NOW',
      'ROLLOUTS_BUSY',
    ],
    example: { params: exampleId, body: { gate: 'looks good' } },
  }),
  rollback: defineRoute({
    id: 'rollouts.rollback',
    method: 'POST',
    path: '/api/v1/rollouts/{rolloutId}/rollback',
    summary: {
      en: 'Undo what an ended rollout changed, as a plan of its own; a preview makes and starts nothing',
      zh: '以新计划撤销已结束发布的更改；预览不制定也不启动',
    },
    access: start,
    params: Id,
    body: z.object({ preview: z.boolean().default(false) }),
    /** `rollout` null: it was a preview. */
    response: z.object({ rollout: Rollout.nullable(), made: MadePlan }),
    errors: [
      'NOT_FOUND',
      'ROLLOUT_NOT_ENDED',
      'ROLLOUT_NOTHING_TO_UNDO',
      'PLAN_ROLLBACK_IMPOSSIBLE',
      'PLAN_ACTION_UNKNOWN',
      ...START_ERRORS,
      'ROLLOUTS_BUSY',
    ],
    example: { params: exampleId, body: { preview: true } },
  }),
  retry: defineRoute({
    id: 'rollouts.retry',
    method: 'POST',
    path: '/api/v1/rollouts/{rolloutId}/retry',
    summary: {
      en: 'Run again where it did not succeed, as a new plan that names the old one',
      zh: '在未成功的主机上以新计划重试',
    },
    access: start,
    params: Id,
    body: z.object({
      /** Hosts whose outcome is unknown may have been changed: only when a person says so. */
      includeUnknown: z.boolean().default(false),
      /** What is to be otherwise than before; the rest stays. */
      strategy: Strategy.partial().default({}),
    }),
    response: z.object({
      rollout: Rollout,
      made: MadePlan,
      /** Comparisons that fell away: too few hosts are left that no attempt has touched. */
      leftOutGates: z.array(z.string()),
    }),
    errors: [
      'NOT_FOUND',
      'ROLLOUT_NOT_ENDED',
      'ROLLOUT_NOTHING_TO_RETRY',
      'PLAN_ACTION_UNKNOWN',
      'PLAN_PARAMETERS_INVALID',
      ...START_ERRORS,
      ...STRATEGY_ERRORS,
      'ROLLOUTS_BUSY',
    ],
    example: { params: exampleId, body: {} },
  }),
};
