import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { RuleName } from '../budget.ts';
import { defineErrors } from '../errors.ts';
import { HostId } from '../host-id.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';
import { StartTime, Timestamp } from '../scalars.ts';
import { PlanWindow } from '../strategy.ts';
import { Freeze, FreezeSpan, FreezeView, OpenSpan, Window, WindowView } from '../window.ts';

export const calendarPermissions = definePermissions({
  calendarRead: {
    name: 'calendar.read',
    title: { en: 'See windows and freezes', zh: '查看维护窗口和冻结期' },
    scope: 'hosts',
    isRead: true,
  },
  calendarWrite: {
    name: 'calendar.write',
    title: { en: 'Make, change and remove windows and freezes', zh: '创建、修改和删除维护窗口和冻结期' },
    scope: 'global',
    isRead: false,
  },
});

/** Each is asked about every host that is to be changed. */
export const CALENDAR_RULES_MAX = 500;
export const PREVIEW_DAYS_MAX = 92;
/** Spans of one group of hosts in a preview; an hourly window of 92 days has 2208. */
export const PREVIEW_SPANS_MAX = 500;
export const PREVIEW_GROUPS_MAX = 200;
export const PREVIEW_HOSTS_MAX = 20;
/** Times at which one rule holds next: a person plans with the next few. */
export const RULE_SPANS_SHOWN = 5;

export const calendarErrors = defineErrors({
  WINDOW_RULE_INVALID: {
    status: 422,
    title: {
      en: 'The recurrence {rule} cannot be used: {problem}',
      zh: '无法使用重复规则 {rule}：{problem}',
    },
    hint: {
      en: 'Write it as RFC 5545 says, FREQ first, HOURLY or rarer, for example: FREQ=WEEKLY;BYDAY=SA',
      zh: '请按 RFC 5545 书写，FREQ 在前且不短于 HOURLY，例如：FREQ=WEEKLY;BYDAY=SA',
    },
    retry: 'after-change',
  },
  WINDOW_TIME_ZONE_UNKNOWN: {
    status: 422,
    title: { en: 'There is no time zone {timeZone}', zh: '不存在时区 {timeZone}' },
    hint: {
      en: 'Use an IANA name such as Europe/Berlin or Asia/Shanghai.',
      zh: '请使用 IANA 名称，例如 Asia/Shanghai 或 Europe/Berlin。',
    },
    retry: 'after-change',
  },
  WINDOW_EXISTS: {
    status: 409,
    title: { en: 'There is a window or freeze {name} already', zh: '窗口或冻结期 {name} 已存在' },
    hint: { en: 'Read it, and send its etag with the change.', zh: '请先读取，并在修改时附上其 etag。' },
    retry: 'after-change',
  },
  WINDOWS_TOO_MANY: {
    status: 409,
    title: { en: 'There are {max} windows and freezes already', zh: '窗口和冻结期数量已达上限 {max}' },
    hint: { en: 'Remove those that are over.', zh: '请删除已结束的条目。' },
    retry: 'after-change',
  },
  FREEZE_ENDS_BEFORE_IT_BEGINS: {
    status: 422,
    title: {
      en: 'The freeze ends at {to}, before it begins at {from}',
      zh: '冻结期在 {to} 结束，早于开始时间 {from}',
    },
    hint: { en: 'Give a later end.', zh: '请指定更晚的结束时间。' },
    retry: 'after-change',
  },
});

export const CalendarPreview = z.object({
  from: Timestamp,
  to: Timestamp,
  /** Hosts that are open and closed together, most hosts first. */
  groups: z.array(
    z.object({
      hostsCount: z.number().int(),
      /** Cut at a few. */
      hosts: z.array(z.object({ hostId: HostId, hostName: z.string() })),
      windows: z.array(z.string()),
      freezes: z.array(z.string()),
      /** Rules of which it cannot be decided whether they cover these hosts. */
      undetermined: z.array(z.string()),
      open: z.array(OpenSpan),
      /** True: there are more open spans than are listed. */
      isCut: z.boolean(),
    }),
  ),
  groupsCount: z.number().int(),
  hostsCount: z.number().int(),
});
export type CalendarPreview = z.infer<typeof CalendarPreview>;

const read = { kind: 'permission', permission: calendarPermissions.calendarRead.name } as const;
const write = { kind: 'permission', permission: calendarPermissions.calendarWrite.name } as const;
const params = z.object({ name: RuleName });
const selector = z.string().min(1).max(4096);
const reason = z.string().max(500).default('');
const ruleErrors = [
  'SELECTOR_INVALID',
  'SELECTOR_TOO_COSTLY',
  'WINDOW_RULE_INVALID',
  'WINDOW_TIME_ZONE_UNKNOWN',
  'WINDOW_EXISTS',
  'WINDOWS_TOO_MANY',
  'EDIT_CONFLICT',
];
const saturdayNight = {
  rrule: 'FREQ=WEEKLY;BYDAY=SA',
  timeZone: 'Asia/Shanghai',
  start: '2026-01-03T22:00:00',
  durationMs: 4 * 3_600_000,
};

export const windowsRoutes = {
  list: defineRoute({
    id: 'windows.list',
    method: 'GET',
    path: '/api/v1/windows',
    summary: { en: 'Windows, by name', zh: '维护窗口列表，按名称排序' },
    access: read,
    query: PageQuery,
    response: pageOf(Window),
    errors: ['INVALID_REQUEST'],
    example: {},
  }),
  get: defineRoute({
    id: 'windows.get',
    method: 'GET',
    path: '/api/v1/windows/{name}',
    summary: {
      en: 'One window: when it opens next, and which hosts it covers now',
      zh: '单个维护窗口：接下来的开放时间与当前覆盖的主机',
    },
    access: read,
    params,
    response: WindowView,
    errors: ['NOT_FOUND'],
    example: { params: { name: 'saturday-night' } },
  }),
  put: defineRoute({
    id: 'windows.put',
    method: 'PUT',
    path: '/api/v1/windows/{name}',
    summary: {
      en: 'Make a window, or change the one whose etag is given',
      zh: '创建维护窗口，或修改指定 etag 的窗口',
    },
    access: write,
    params,
    body: PlanWindow.extend({ selector, reason }),
    response: Window,
    errors: ruleErrors,
    example: {
      params: { name: 'saturday-night' },
      body: { selector: 'label.site == "bj1"', ...saturdayNight },
    },
  }),
  remove: defineRoute({
    id: 'windows.remove',
    method: 'DELETE',
    path: '/api/v1/windows/{name}',
    summary: { en: 'Remove a window', zh: '删除维护窗口' },
    access: write,
    params,
    errors: ['NOT_FOUND', 'EDIT_CONFLICT'],
    example: { params: { name: 'saturday-night' } },
  }),
  preview: defineRoute({
    id: 'windows.preview',
    method: 'GET',
    path: '/api/v1/windows-preview',
    summary: { en: 'When hosts are open in the days to come', zh: '未来数天内各主机的开放时间' },
    access: read,
    query: z.object({
      selector: selector.default('true'),
      days: z.coerce.number().int().min(1).max(PREVIEW_DAYS_MAX).default(7),
      /** Absent: now. */
      from: StartTime.optional(),
    }),
    response: CalendarPreview,
    errors: ['SELECTOR_INVALID', 'SELECTOR_TOO_COSTLY'],
    example: { query: { selector: 'true', days: '7' } },
  }),
};

export const freezesRoutes = {
  list: defineRoute({
    id: 'freezes.list',
    method: 'GET',
    path: '/api/v1/freezes',
    summary: { en: 'Freezes, by name', zh: '冻结期列表，按名称排序' },
    access: read,
    query: PageQuery,
    response: pageOf(Freeze),
    errors: ['INVALID_REQUEST'],
    example: {},
  }),
  get: defineRoute({
    id: 'freezes.get',
    method: 'GET',
    path: '/api/v1/freezes/{name}',
    summary: {
      en: 'One freeze: when it closes next, and which hosts it covers now',
      zh: '单个冻结期：接下来的冻结时间与当前覆盖的主机',
    },
    access: read,
    params,
    response: FreezeView,
    errors: ['NOT_FOUND'],
    example: { params: { name: 'new-year' } },
  }),
  put: defineRoute({
    id: 'freezes.put',
    method: 'PUT',
    path: '/api/v1/freezes/{name}',
    summary: {
      en: 'Make a freeze, or change the one whose etag is given',
      zh: '创建冻结期，或修改指定 etag 的冻结期',
    },
    access: write,
    params,
    body: z.object({ selector: selector.nullable().default(null), span: FreezeSpan, reason }),
    response: Freeze,
    errors: [...ruleErrors, 'FREEZE_ENDS_BEFORE_IT_BEGINS'],
    example: {
      params: { name: 'new-year' },
      body: {
        selector: null,
        span: { from: '2026-12-31T12:00:00.000Z', to: '2027-01-02T00:00:00.000Z' },
        reason: 'nobody is there',
      },
    },
  }),
  remove: defineRoute({
    id: 'freezes.remove',
    method: 'DELETE',
    path: '/api/v1/freezes/{name}',
    summary: { en: 'Remove a freeze', zh: '删除冻结期' },
    access: write,
    params,
    errors: ['NOT_FOUND', 'EDIT_CONFLICT'],
    example: { params: { name: 'new-year' } },
  }),
};
