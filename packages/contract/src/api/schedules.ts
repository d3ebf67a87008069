import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { RuleName } from '../budget.ts';
import { defineErrors } from '../errors.ts';
import { defineFinding } from '../finding.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';
import { Digest } from '../scalars.ts';
import { Occurrence, Schedule, ScheduleTerms } from '../schedule.ts';
import { PLAN_MAKE_ERRORS } from './plans.ts';

export const schedulesPermissions = definePermissions({
  schedulesRead: {
    name: 'schedules.read',
    title: { en: 'See schedules and what became of their occurrences', zh: '查看计划任务及其执行历史' },
    scope: 'hosts',
    isRead: true,
  },
  schedulesWrite: {
    name: 'schedules.write',
    title: { en: 'Make schedules and change one’s own', zh: '创建计划任务并修改自己的计划任务' },
    scope: 'hosts',
    isRead: false,
  },
  schedulesManage: {
    name: 'schedules.manage',
    title: { en: 'Change, pause and remove schedules of others', zh: '修改、暂停和删除他人的计划任务' },
    scope: 'global',
    isRead: false,
  },
});

export const SCHEDULES_MAX = 500;
export const OCCURRENCES_SHOWN_MAX = 5;

export const schedulesErrors = defineErrors({
  SCHEDULE_EXISTS: {
    status: 409,
    title: { en: 'Schedule {name} is there already', zh: '计划任务 {name} 已存在' },
    hint: { en: 'Read it, and send its etag with the change.', zh: '请先读取，并在修改时附上其 etag。' },
    retry: 'after-change',
  },
  SCHEDULES_TOO_MANY: {
    status: 409,
    title: { en: 'There are {max} schedules already', zh: '计划任务数量已达上限 {max}' },
    hint: { en: 'Remove those that nobody needs.', zh: '请删除不再需要的计划任务。' },
    retry: 'after-change',
  },
  SCHEDULE_OF_ANOTHER: {
    status: 403,
    title: { en: 'Schedule {name} belongs to {owner}', zh: '计划任务 {name} 属于 {owner}' },
    hint: {
      en: 'Ask them, or somebody with schedules.manage. Whoever changes a schedule becomes its owner.',
      zh: '请联系该用户，或拥有 schedules.manage 权限的人员。修改者将成为新的所有者。',
    },
    retry: 'after-change',
  },
  SCHEDULE_TERMS_CHANGED: {
    status: 409,
    title: {
      en: 'Schedule {name} has other terms than those that were read',
      zh: '计划任务 {name} 的条款已变更',
    },
    hint: { en: 'Read it again, and approve what it says now.', zh: '请重新读取后，再批准当前内容。' },
    retry: 'after-change',
  },
  SCHEDULE_APPROVAL_BY_OWNER: {
    status: 403,
    title: { en: 'Whoever owns a schedule does not approve it', zh: '计划任务的所有者不能自行批准' },
    hint: {
      en: 'Ask somebody else with rollouts.approve.',
      zh: '请由其他拥有 rollouts.approve 权限的人员批准。',
    },
    retry: 'never',
  },
  SCHEDULE_NO_PERSON: {
    status: 403,
    title: { en: 'A schedule needs a person to own it', zh: '计划任务必须有所有者' },
    hint: { en: 'Sign in as the person whose rights it is to use.', zh: '请以其权限所属的用户登录。' },
    retry: 'after-change',
  },
  SCHEDULE_PAUSED: {
    status: 409,
    title: { en: 'Schedule {name} is paused', zh: '计划任务 {name} 已暂停' },
    hint: {
      en: 'Resume it with: pilothouse schedule resume {name}',
      zh: '恢复：pilothouse schedule resume {name}',
    },
    retry: 'after-change',
  },
  SCHEDULE_NOT_APPROVED: {
    status: 409,
    title: {
      en: 'Schedule {name} has {given} of {required} approvals',
      zh: '计划任务 {name} 已获 {given} 个批准，需要 {required} 个',
    },
    hint: {
      en: 'Somebody else approves it with: pilothouse schedule approve {name}',
      zh: '由他人批准：pilothouse schedule approve {name}',
    },
    retry: 'after-change',
  },
  SCHEDULE_HOSTS_OVER_CAP: {
    status: 409,
    title: {
      en: 'Schedule {name} would touch {hosts} hosts, at most {hostsMax} are allowed',
      zh: '计划任务 {name} 将涉及 {hosts} 台主机，最多允许 {hostsMax} 台',
    },
    hint: {
      en: 'Narrow its selector, or raise the cap and have it approved again.',
      zh: '请缩小选择器范围，或提高上限并重新获得批准。',
    },
    retry: 'after-change',
  },
  SCHEDULE_OWNER_GONE: {
    status: 403,
    title: {
      en: 'The owner of schedule {name}, {owner}, cannot sign in any more',
      zh: '计划任务 {name} 的所有者 {owner} 已无法登录',
    },
    hint: { en: 'Somebody with the rights it needs puts it again.', zh: '请由拥有所需权限的人员重新提交。' },
    retry: 'after-change',
  },
  SCHEDULE_OVERLAPS: {
    status: 409,
    title: {
      en: 'The occurrence before is still going on as rollout {rolloutId}',
      zh: '上一次执行（发布 {rolloutId}）仍在进行',
    },
    hint: {
      en: 'See: pilothouse rollout explain {rolloutId}',
      zh: '查看：pilothouse rollout explain {rolloutId}',
    },
    retry: 'later',
  },
  SCHEDULE_MISSED: {
    status: 409,
    title: {
      en: 'Nobody was there to start it in time: {lateMinutes} minutes late',
      zh: '未能按时启动：已晚 {lateMinutes} 分钟',
    },
    hint: {
      en: 'The schedule says what becomes of missed occurrences: {missed}. By hand: pilothouse schedule run-now {name}',
      zh: '计划任务对错过执行的策略为 {missed}。手动执行：pilothouse schedule run-now {name}',
    },
    retry: 'never',
  },
});

export const schedulesFindings = {
  failed: defineFinding({
    kind: 'kernel.schedule-failed',
    severity: 'high',
    title: {
      en: 'Schedule {name} did not run at {dueAt}: {code}',
      zh: '计划任务 {name} 未能在 {dueAt} 执行：{code}',
    },
    hint: {
      en: 'See why with: pilothouse schedule history {name}',
      zh: '查看原因：pilothouse schedule history {name}',
    },
    remedy: null,
  }),
};

const read = { kind: 'permission', permission: schedulesPermissions.schedulesRead.name } as const;
const write = { kind: 'permission', permission: schedulesPermissions.schedulesWrite.name } as const;
const params = z.object({ name: RuleName });
const example = { name: 'nightly' };
const editErrors = ['NOT_FOUND', 'EDIT_CONFLICT', 'SCHEDULE_OF_ANOTHER'];

export const schedulesRoutes = {
  list: defineRoute({
    id: 'schedules.list',
    method: 'GET',
    path: '/api/v1/schedules',
    summary: { en: 'Schedules, by name', zh: '计划任务列表，按名称排序' },
    access: read,
    query: PageQuery,
    response: pageOf(Schedule),
    errors: ['INVALID_REQUEST'],
    example: {},
  }),
  get: defineRoute({
    id: 'schedules.get',
    method: 'GET',
    path: '/api/v1/schedules/{name}',
    summary: { en: 'One schedule', zh: '单个计划任务' },
    access: read,
    params,
    response: Schedule,
    errors: ['NOT_FOUND'],
    example: { params: example },
  }),
  put: defineRoute({
    id: 'schedules.put',
    method: 'PUT',
    path: '/api/v1/schedules/{name}',
    summary: {
      en: 'Make a schedule, or change the one whose etag is given; whoever does owns it from then on',
      zh: '创建计划任务，或修改指定 etag 的计划任务；操作者成为其所有者',
    },
    access: write,
    params,
    body: ScheduleTerms,
    response: Schedule,
    errors: [
      'SCHEDULE_EXISTS',
      'SCHEDULES_TOO_MANY',
      'SCHEDULE_OF_ANOTHER',
      'SCHEDULE_NO_PERSON',
      'SCHEDULE_HOSTS_OVER_CAP',
      'WINDOW_TIME_ZONE_UNKNOWN',
      'NOT_FOUND',
      'MANDATE_OVER',
      'EDIT_CONFLICT',
      ...PLAN_MAKE_ERRORS,
    ],
    example: {
      params: example,
      body: {
        template: {
          title: 'nightly uptime',
          target: { selector: 'label.site == "bj1"' },
          actions: [{ action: 'commands.run', parameters: { argv: ['uptime'], effect: 'read' } }],
        },
        recurrence: { rrule: 'FREQ=DAILY', timeZone: 'Asia/Shanghai', start: '2026-01-01T02:30:00' },
        hostsMax: 100,
      },
    },
  }),
  remove: defineRoute({
    id: 'schedules.remove',
    method: 'DELETE',
    path: '/api/v1/schedules/{name}',
    summary: {
      en: 'Remove a schedule with its history; its rollouts stay',
      zh: '删除计划任务及其历史（保留相关发布）',
    },
    access: write,
    params,
    errors: editErrors,
    example: { params: example },
  }),
  pause: defineRoute({
    id: 'schedules.pause',
    method: 'POST',
    path: '/api/v1/schedules/{name}/pause',
    summary: { en: 'Start nothing by it until it is resumed', zh: '暂停计划任务' },
    access: write,
    params,
    response: Schedule,
    errors: editErrors,
    example: { params: example },
  }),
  resume: defineRoute({
    id: 'schedules.resume',
    method: 'POST',
    path: '/api/v1/schedules/{name}/resume',
    summary: {
      en: 'Go on with it; what was left out meanwhile stays left out',
      zh: '恢复计划任务；暂停期间的执行不再补做',
    },
    access: write,
    params,
    response: Schedule,
    errors: editErrors,
    example: { params: example },
  }),
  approve: defineRoute({
    id: 'schedules.approve',
    method: 'POST',
    path: '/api/v1/schedules/{name}/approve',
    summary: { en: 'Approve its terms as they were read', zh: '批准计划任务的当前条款' },
    access: { kind: 'permission', permission: 'rollouts.approve' },
    params,
    body: z.object({ termsDigest: Digest }),
    response: Schedule,
    errors: ['NOT_FOUND', 'SCHEDULE_TERMS_CHANGED', 'SCHEDULE_APPROVAL_BY_OWNER', 'SCHEDULE_NO_PERSON'],
    example: { params: example, body: { termsDigest: '0'.repeat(64) } },
  }),
  runNow: defineRoute({
    id: 'schedules.run-now',
    method: 'POST',
    path: '/api/v1/schedules/{name}/run-now',
    summary: {
      en: 'An occurrence at this moment, with the rights of the owner',
      zh: '立即执行一次（使用所有者的权限）',
    },
    access: write,
    params,
    response: Occurrence,
    errors: editErrors,
    example: { params: example },
  }),
  history: defineRoute({
    id: 'schedules.history',
    method: 'GET',
    path: '/api/v1/schedules/{name}/occurrences',
    summary: { en: 'What became of its occurrences, newest first', zh: '执行历史，最新的在前' },
    access: read,
    params,
    query: PageQuery,
    response: pageOf(Occurrence),
    errors: ['NOT_FOUND', 'INVALID_REQUEST'],
    example: { params: example },
  }),
};
