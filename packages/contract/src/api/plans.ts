import { z } from 'zod';
import { ActionName } from '../action.ts';
import { HostId } from '../host-id.ts';
import { PageQuery, pageOf } from '../page.ts';
import { Plan, STEP_ACTIONS_MAX, Step, StepAction, TargetRequest } from '../plan.ts';
import { PlanPreview } from '../plan-preview.ts';
import { PlanState, PlanSummary } from '../plan-summary.ts';
import { ReasonText } from '../reason-text.ts';
import { defineRoute } from '../route.ts';
import { Digest, JsonObject, StartTime, Timestamp } from '../scalars.ts';
import { Strategy } from '../strategy.ts';

/** What a person asks for; what is not said of the strategy comes from the defaults of a plan (or of an ad-hoc run). */
export const NewPlan = z.object({
  title: z.string().trim().min(1).max(200),
  target: TargetRequest,
  actions: z
    .array(z.object({ action: ActionName, parameters: JsonObject, when: StepAction.shape.when }))
    .min(1)
    .max(STEP_ACTIONS_MAX),
  strategy: Strategy.partial().default({}),
  /** Not refused for windows, freezes and budgets, which stand in the way of changes alone. Not part of the plan. */
  isDryRunOnly: z.boolean().optional(),
  /** Default: now. */
  notBefore: StartTime.optional(),
  /** Default: a week after `notBefore` for a plan, an hour for an ad-hoc run. */
  expiresAt: Timestamp.optional(),
});
export type NewPlan = z.infer<typeof NewPlan>;

/** A target whose agent, as last heard of, cannot carry the plan out: its task will be skipped. */
export const LackingHost = z.object({
  hostId: HostId,
  hostName: z.string(),
  action: z.string(),
  /** not-offered: the agent does not know it · not-here: it says why · other-version: its parameter schema differs. */
  reason: z.enum(['not-offered', 'not-here', 'other-version']),
  /** The agent's own words for `not-here`. */
  detail: z.string(),
  /** The same in both languages, where the agent knows both. */
  why: ReasonText.optional(),
});
export type LackingHost = z.infer<typeof LackingHost>;

/** The lists are cut here; the counts beside them are whole. */
export const PLAN_REPORT_HOSTS_MAX = 1000;

export const MadePlan = z.object({
  plan: Plan,
  hostsCount: z.number().int(),
  /** Hosts of which the selector could not be decided for want of facts; they are not part of the plan. */
  undeterminedCount: z.number().int(),
  undetermined: z.array(z.object({ hostId: HostId, hostName: z.string() })),
  lackingCount: z.number().int(),
  lacking: z.array(LackingHost),
});
export type MadePlan = z.infer<typeof MadePlan>;

const PlanDigest = z.object({ digest: Digest });
const exampleDigest = '0'.repeat(64);
/** What a strategy may be refused for: also where it comes with a retry. */
export const STRATEGY_ERRORS = [
  'PLAN_WAVES_IMPOSSIBLE',
  'PLAN_WAVES_TOO_MANY',
  'PLAN_BUILD_FACT_UNKNOWN',
  'PLAN_SHARE_WITHOUT_COUNT',
  'PLAN_WAVE_LIMIT_ABOVE_TOTAL',
  'PLAN_GATE_WAVE_MISSING',
  'PLAN_GATE_WITHOUT_PROBES',
  'PLAN_GATE_WITHOUT_CONTROL',
  'PLAN_GATE_TOO_FEW_HOSTS',
  'PLAN_NAME_TWICE',
  'PLAN_CHANNEL_UNKNOWN',
  'PLAN_WHEN_NEVER',
  'PLAN_WINDOW_NEVER_OPENS',
  'BUDGET_IMPOSSIBLE',
  'PLAN_ROLLBACK_IMPOSSIBLE',
  'GROUP_UNKNOWN',
  'GATE_INVALID',
  'WINDOW_RULE_INVALID',
] as const;
const makeErrors = [
  'PLAN_NO_TARGETS',
  'PLAN_TARGET_EMPTY',
  'PLAN_TARGETS_TOO_MANY',
  'PLAN_HOST_UNKNOWN',
  'PLAN_HOST_FORBIDDEN',
  'PLAN_PERMISSION_LACKING',
  'PLAN_ACTION_UNKNOWN',
  'PLAN_PARAMETERS_INVALID',
  'PLAN_PARAMETERS_TOO_LARGE',
  'PLAN_LABEL_MISSING',
  'PLAN_STRATEGY_INVALID',
  'PLAN_FACTS_STALE',
  'SELECTOR_INVALID',
  'SELECTOR_TOO_COSTLY',
  ...STRATEGY_ERRORS,
] as const;
export const PLAN_MAKE_ERRORS: readonly string[] = makeErrors;

const examplePlan = {
  title: 'uptime',
  target: { selector: 'true' },
  actions: [{ action: 'commands.run', parameters: { argv: ['uptime'], effect: 'read' } }],
};

export const planRoutes = {
  create: defineRoute({
    id: 'plans.create',
    method: 'POST',
    path: '/api/v1/plans',
    summary: { en: 'Resolve targets and make a plan; nothing runs', zh: '解析目标并制定计划（不执行）' },
    access: { kind: 'permission', permission: 'rollouts.start' },
    body: NewPlan,
    response: MadePlan,
    errors: makeErrors,
    example: { body: examplePlan },
  }),
  list: defineRoute({
    id: 'plans.list',
    method: 'GET',
    path: '/api/v1/plans',
    summary: {
      en: 'List plans, newest first; a page may hold fewer than were asked for and still have a next one',
      zh: '列出计划（新的在前）；一页可能少于所要求的数量而仍有下一页',
    },
    access: { kind: 'permission', permission: 'rollouts.read' },
    query: PageQuery.extend({
      state: PlanState.optional(),
      /** Who made it: the name of a person, or of a person with their token. */
      author: z.string().min(1).max(200).optional(),
      action: ActionName.optional(),
    }),
    response: pageOf(PlanSummary),
    errors: ['INVALID_REQUEST'],
    example: { query: { limit: '10' } },
  }),
  get: defineRoute({
    id: 'plans.get',
    method: 'GET',
    path: '/api/v1/plans/{digest}',
    summary: { en: 'Read a plan', zh: '读取计划' },
    access: { kind: 'permission', permission: 'rollouts.read' },
    params: PlanDigest,
    /** `matchingNow`: how many hosts the target would mean if it were resolved at this moment. */
    response: Plan.extend({ matchingNow: z.number().int().nullable() }),
    errors: ['NOT_FOUND'],
    example: { params: { digest: exampleDigest } },
  }),
  preview: defineRoute({
    id: 'plans.preview',
    method: 'GET',
    path: '/api/v1/plans/{digest}/preview',
    summary: {
      en: 'Say what a plan would do now: waves, budgets, gates, approvals, undo',
      zh: '说明计划此刻的效果：批次、预算、关卡、审批与撤销',
    },
    access: { kind: 'permission', permission: 'rollouts.read' },
    params: PlanDigest,
    response: PlanPreview,
    errors: ['NOT_FOUND'],
    example: { params: { digest: exampleDigest } },
  }),
  sketch: defineRoute({
    id: 'plans.sketch',
    method: 'POST',
    path: '/api/v1/plan-sketches',
    summary: {
      en: 'The same for a plan that is not kept: nobody can start it',
      zh: '对不保存的计划给出同样的说明（无法启动）',
    },
    access: { kind: 'permission', permission: 'rollouts.start' },
    body: NewPlan,
    response: z.object({ made: MadePlan, preview: PlanPreview }),
    errors: makeErrors,
    example: { body: examplePlan },
  }),
  steps: defineRoute({
    id: 'plans.steps',
    method: 'GET',
    path: '/api/v1/plans/{digest}/steps',
    summary: { en: 'Read what a plan does on each host', zh: '读取计划在每台主机上的步骤' },
    access: { kind: 'permission', permission: 'rollouts.read' },
    params: PlanDigest,
    query: PageQuery,
    response: pageOf(Step.extend({ index: z.number().int(), hostName: z.string().nullable() })),
    errors: ['NOT_FOUND'],
    example: { params: { digest: exampleDigest }, query: { limit: '10' } },
  }),
};
