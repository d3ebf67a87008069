import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { AuditCheckpoint, AuditRecord } from '../audit.ts';
import { defineErrors } from '../errors.ts';
import { defineMessages } from '../message.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';

export const auditPermissions = definePermissions({
  auditRead: {
    name: 'audit.read',
    title: { en: 'See who did what', zh: '查看审计记录' },
    scope: 'global',
    isRead: true,
  },
});

export const auditErrors = defineErrors({});

/** What verification of a chain can find. The key is the report's `problem`. */
export const auditProblems = defineMessages({
  missing: {
    en: 'record {sequence} is missing: it was removed',
    zh: '记录 {sequence} 缺失：已被删除',
  },
  malformed: {
    en: 'record {sequence} is not in the form in which records are written',
    zh: '记录 {sequence} 的格式与写入时不一致',
  },
  edited: {
    en: 'record {sequence} was changed or moved: its content does not give its hash',
    zh: '记录 {sequence} 被修改或移动：内容与其哈希不符',
  },
  unlinked: {
    en: 'record {sequence} does not follow from the one before it: one of them was replaced',
    zh: '记录 {sequence} 与前一条记录不衔接：其中之一被替换',
  },
  'checkpoint-forged': {
    en: 'the checkpoint after record {sequence} carries a signature that is not of the server',
    zh: '记录 {sequence} 之后的检查点签名不是服务器的签名',
  },
  'checkpoint-mismatch': {
    en: 'the chain up to record {sequence} is not the one that the server signed',
    zh: '截至记录 {sequence} 的链与服务器签名的链不一致',
  },
  cut: {
    en: 'the records from {sequence} on are missing: the end was cut off',
    zh: '从 {sequence} 起的记录缺失：尾部被截断',
  },
  rewritten: {
    en: 'the chain up to record {sequence} is not the one that the witness saw: it was rewritten',
    zh: '截至记录 {sequence} 的链与见证所见不一致：已被改写',
  },
  'witness-invalid': {
    en: 'the witness for record {sequence} carries a signature that is not of the server',
    zh: '针对记录 {sequence} 的见证签名不是服务器的签名',
  },
});
export type AuditProblem = keyof typeof auditProblems;

/** How much a chain without a fault proves. */
export const auditVerdicts = defineMessages({
  proved: {
    en: 'All {records} records are unchanged and complete up to {provedThrough}, which a witness saw.',
    zh: '全部 {records} 条记录未被更改，且截至见证所见的 {provedThrough} 完整无缺。',
  },
  unproved: {
    en: 'All {records} records are unchanged. That none was cut off at the end is proved only up to {provedThrough}: give a witness.',
    zh: '全部 {records} 条记录未被更改。尾部未被截断仅能证明到 {provedThrough}：请提供见证。',
  },
});

const readAccess = { kind: 'permission', permission: auditPermissions.auditRead.name } as const;

const AuditFilter = z.object({
  /** One action (`rollout.started`) or all of a noun (`rollout.*`). */
  action: z.string().max(100).optional(),
  subject: z.string().max(300).optional(),
});

export const auditRoutes = {
  list: defineRoute({
    id: 'audit.list',
    method: 'GET',
    path: '/api/v1/audit',
    summary: { en: 'Audit records, newest first', zh: '审计记录，最新在前' },
    access: readAccess,
    query: PageQuery.extend(AuditFilter.shape),
    response: pageOf(AuditRecord),
    errors: [],
    example: { query: { limit: '10' } },
  }),
  checkpoint: defineRoute({
    id: 'audit.checkpoint',
    method: 'GET',
    path: '/api/v1/audit/checkpoint',
    summary: {
      en: 'The latest signed checkpoint: keep it as a witness for `audit verify`',
      zh: '最新的签名检查点：可保存作为 audit verify 的见证',
    },
    // It says nothing but how long the log is; the more people keep one, the better.
    access: { kind: 'signed-in' },
    response: AuditCheckpoint,
    errors: [],
    example: {},
  }),
  export: defineRoute({
    id: 'audit.export',
    method: 'GET',
    path: '/api/v1/audit/export',
    summary: { en: 'Audit records as JSON lines, oldest first', zh: '以 JSON 行导出审计记录，最旧在前' },
    access: readAccess,
    query: AuditFilter.extend({ after: z.coerce.number().int().min(0).default(0) }),
    stream: 'application/x-ndjson',
    errors: [],
    example: {},
  }),
} as const;
