import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { defineErrors } from '../errors.ts';
import { Finding, Severity } from '../finding.ts';
import { HostId } from '../host-id.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';
import { Timestamp } from '../scalars.ts';

export const findingsPermissions = definePermissions({
  findingsRead: {
    name: 'findings.read',
    title: { en: 'See what is wrong with hosts', zh: '查看主机问题' },
    scope: 'hosts',
    isRead: true,
  },
  findingsAcknowledge: {
    name: 'findings.acknowledge',
    title: { en: 'Acknowledge findings for a while', zh: '暂时确认问题' },
    scope: 'hosts',
    isRead: false,
  },
});

export const findingsErrors = defineErrors({
  FINDING_KIND_UNKNOWN: {
    status: 500,
    title: { en: 'No plugin declares findings of kind {kind}', zh: '没有插件声明 {kind} 类型的问题' },
    hint: {
      en: 'This is a fault of the plugin that raised it: report it to its authors.',
      zh: '这是提出该问题的插件的缺陷：请向其作者报告。',
    },
    retry: 'never',
  },
  FINDING_RESOLVED: {
    status: 409,
    title: { en: 'Finding {id} is already resolved', zh: '问题 {id} 已解决' },
    hint: { en: 'There is nothing left to acknowledge.', zh: '无需再确认。' },
    retry: 'never',
  },
  FINDING_NOT_ACKNOWLEDGED: {
    status: 409,
    title: { en: 'Finding {id} is not acknowledged', zh: '问题 {id} 未被确认' },
    hint: { en: 'Read it again: its acknowledgement may have ended.', zh: '请重新读取：其确认可能已到期。' },
    retry: 'after-change',
  },
  FINDING_UNTIL_INVALID: {
    status: 400,
    title: {
      en: 'An acknowledgement cannot last until {until}',
      zh: '确认不能持续到 {until}',
    },
    hint: {
      en: 'Take a time in the future, at most {daysMax} days from now.',
      zh: '请选择未来的时间，最长 {daysMax} 天。',
    },
    retry: 'after-change',
  },
});

/** What a kind of finding means, for clients to show: findings themselves carry evidence, never text. */
export const FindingKind = z.object({
  kind: z.string(),
  severity: Severity,
  /** May use `{fields}` of the evidence. */
  title: z.object({ en: z.string(), zh: z.string() }),
  hint: z.object({ en: z.string(), zh: z.string() }),
  remedy: z.string().nullable(),
});
export type FindingKind = z.infer<typeof FindingKind>;

const readAccess = { kind: 'permission', permission: findingsPermissions.findingsRead.name } as const;
const acknowledgeAccess = {
  kind: 'permission',
  permission: findingsPermissions.findingsAcknowledge.name,
} as const;
const params = z.object({ id: z.string().max(64) });
const exampleId = 'fnd_000000000000000000';

export const findingsRoutes = {
  list: defineRoute({
    id: 'findings.list',
    method: 'GET',
    path: '/api/v1/findings',
    summary: { en: 'What is wrong, worst first', zh: '问题列表，最严重的在前' },
    access: readAccess,
    query: PageQuery.extend({
      state: z.enum(['open', 'acknowledged', 'resolved']).optional(),
      kind: z.string().max(100).optional(),
      hostId: HostId.optional(),
      severityMin: Severity.optional(),
    }),
    response: pageOf(Finding),
    errors: [],
    example: { query: { state: 'open' } },
  }),
  kinds: defineRoute({
    id: 'findings.kinds',
    method: 'GET',
    path: '/api/v1/finding-kinds',
    summary: { en: 'What findings there can be', zh: '可能出现的问题类型' },
    access: readAccess,
    response: z.object({ items: z.array(FindingKind) }),
    errors: [],
    example: {},
  }),
  get: defineRoute({
    id: 'findings.get',
    method: 'GET',
    path: '/api/v1/findings/{id}',
    summary: { en: 'One finding', zh: '单个问题' },
    access: readAccess,
    params,
    response: Finding,
    errors: ['NOT_FOUND'],
    example: { params: { id: exampleId } },
  }),
  acknowledge: defineRoute({
    id: 'findings.acknowledge',
    method: 'POST',
    path: '/api/v1/findings/{id}/acknowledge',
    summary: {
      en: 'Say why a finding may stay for now; it opens again when the time is over',
      zh: '说明问题为何可暂时保留；到期后自动重新打开',
    },
    access: acknowledgeAccess,
    params,
    body: z.object({ reason: z.string().trim().min(1).max(500), until: Timestamp }),
    response: Finding,
    errors: ['NOT_FOUND', 'EDIT_CONFLICT', 'FINDING_RESOLVED', 'FINDING_UNTIL_INVALID'],
    example: {
      params: { id: exampleId },
      body: { reason: 'disk is on order', until: '2026-12-01T00:00:00.000Z' },
    },
  }),
  unacknowledge: defineRoute({
    id: 'findings.unacknowledge',
    method: 'POST',
    path: '/api/v1/findings/{id}/unacknowledge',
    summary: { en: 'Take an acknowledgement back', zh: '撤销确认' },
    access: acknowledgeAccess,
    params,
    response: Finding,
    errors: ['NOT_FOUND', 'EDIT_CONFLICT', 'FINDING_NOT_ACKNOWLEDGED'],
    example: { params: { id: exampleId } },
  }),
} as const;
