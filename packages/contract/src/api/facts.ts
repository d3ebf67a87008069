import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { defineErrors } from '../errors.ts';
import { FACTS_PER_HOST_MAX, FactAbsence, FactName, FactSpan } from '../fact.ts';
import { HostId } from '../host-id.ts';
import { PageQuery, pageOf } from '../page.ts';
import { TargetRequest } from '../plan.ts';
import { defineRoute } from '../route.ts';
import { Digest, Timestamp } from '../scalars.ts';
import { EXAMPLE_HOST_ID, HostRef } from './hosts.ts';

export const factsPermissions = definePermissions({
  factsRead: {
    name: 'facts.read',
    title: { en: 'See what is known of hosts', zh: '查看主机采集信息' },
    scope: 'hosts',
    isRead: true,
  },
  factsCollect: {
    name: 'facts.collect',
    title: { en: 'Let hosts collect facts at once', zh: '让主机立即采集信息' },
    scope: 'hosts',
    isRead: false,
  },
});

export const factsErrors = defineErrors({
  FACT_COLLECT_TOO_MANY: {
    status: 422,
    title: {
      en: '{count} hosts are meant, more than the {limit} that are asked at once',
      zh: '目标为 {count} 台主机，超过一次可询问的 {limit} 台',
    },
    hint: {
      en: 'Mean fewer hosts; all others report by themselves within the interval of the fact.',
      zh: '请缩小主机范围；其余主机会按采集间隔自行上报。',
    },
    retry: 'after-change',
  },
  FACT_COLLECT_BUSY: {
    status: 429,
    title: {
      en: 'Hosts are being asked for {open} others already',
      zh: '已有 {open} 个采集请求正在进行',
    },
    hint: { en: 'Ask again in half a minute.', zh: '请在半分钟后重试。' },
    retry: 'later',
  },
  FACT_UNKNOWN: {
    status: 404,
    title: { en: 'There is no fact {fact}', zh: '不存在采集项 {fact}' },
    hint: { en: 'The nearest one is: {nearest}', zh: '最接近的采集项：{nearest}' },
    retry: 'after-change',
  },
  FACT_NOT_REPORTED: {
    status: 404,
    title: { en: 'Host {host} had reported no {fact} by then', zh: '截至该时间，主机 {host} 未上报 {fact}' },
    hint: {
      en: 'See when it did: pilothouse facts {host} {fact} --history',
      zh: '查看上报时间：pilothouse facts {host} {fact} --history',
    },
    retry: 'later',
  },
  FACT_BODY_MISSING: {
    status: 404,
    title: { en: 'The content {digest} is not there', zh: '内容 {digest} 不存在' },
    hint: {
      en: 'It has not arrived yet, or it was older than history is kept.',
      zh: '内容尚未到达，或已超出历史保留期限。',
    },
    retry: 'later',
  },
  FACT_SIDE_INVALID: {
    status: 400,
    title: { en: '"{side}" does not say what to compare', zh: '“{side}” 未指明比较对象' },
    hint: {
      en: 'Use a host, a host and a time (web-1@2026-05-03T00:00:00.000Z), or a digest.',
      zh: '请使用主机、主机加时间（web-1@2026-05-03T00:00:00.000Z）或摘要。',
    },
    retry: 'after-change',
  },
  FACT_BODY_UNWANTED: {
    status: 409,
    title: { en: 'Nobody asked this host for {digest}', zh: '未向该主机请求 {digest}' },
    hint: { en: 'Report the fact first.', zh: '请先上报该采集项。' },
    retry: 'after-change',
  },
  FACT_BODY_TOO_LARGE: {
    status: 413,
    title: {
      en: 'The content of {fact} has {sizeBytes} bytes, more than {limitBytes}',
      zh: '{fact} 的内容为 {sizeBytes} 字节，超过 {limitBytes} 字节',
    },
    hint: { en: 'Update the agent, or report this as a fault.', zh: '请更新 agent，或将其报告为缺陷。' },
    retry: 'never',
  },
  FACT_BODY_DIGEST_MISMATCH: {
    status: 400,
    title: { en: 'The content of {fact} is not what its digest names', zh: '{fact} 的内容与其摘要不符' },
    hint: { en: 'Send it again.', zh: '请重新发送。' },
    retry: 'later',
  },
  FACT_BODY_INVALID: {
    status: 400,
    title: {
      en: 'The content of {fact} does not fit its schema: {problem}',
      zh: '{fact} 的内容不符合其结构：{problem}',
    },
    hint: {
      en: 'Agent and server are of different versions: update the older one.',
      zh: 'agent 与服务器版本不一致：请更新较旧的一方。',
    },
    retry: 'never',
  },
});

const access = { kind: 'permission', permission: factsPermissions.factsRead.name } as const;
const refErrors = ['HOST_UNKNOWN', 'HOST_NAME_AMBIGUOUS'];
const asOf = z.object({ asOf: Timestamp.optional() });

export const FactKind = z.object({
  name: FactName,
  title: z.object({ en: z.string(), zh: z.string() }),
  isShared: z.boolean(),
  intervalMs: z.number().int(),
  /** Hosts in the reader's scope that have it, and how many different contents they have. */
  hosts: z.number().int(),
  distinct: z.number().int(),
});
export type FactKind = z.infer<typeof FactKind>;

/** What one host had of one fact at one time. */
export const FactView = z.object({
  hostId: HostId,
  span: FactSpan,
  /** Null when the host has no such thing (see `span.report`), or its content has not arrived. */
  body: z.json().nullable(),
});
export type FactView = z.infer<typeof FactView>;

/** Entries in one answer; more are counted. */
export const FACT_CHANGES_SHOWN_MAX = 2000;

export const FactDifference = z.object({
  kind: z.enum(['added', 'removed', 'changed']),
  /** From the outside in; an entry of a list is named by what identifies it: ["packages", "openssl"]. */
  path: z.array(z.string()),
  before: z.json().nullable(),
  after: z.json().nullable(),
});
export type FactDifference = z.infer<typeof FactDifference>;

export const FactDiff = z.object({
  fact: FactName,
  left: z.object({ label: z.string(), digest: Digest.nullable() }),
  right: z.object({ label: z.string(), digest: Digest.nullable() }),
  isSame: z.boolean(),
  added: z.number().int(),
  removed: z.number().int(),
  changed: z.number().int(),
  /** At most FACT_CHANGES_SHOWN_MAX. */
  items: z.array(FactDifference),
});
export type FactDiff = z.infer<typeof FactDiff>;

export const FactDistribution = z.object({
  fact: FactName,
  total: z.number().int(),
  /** Most common first, at most FACT_CONTENTS_SHOWN_MAX. */
  contents: z.array(
    z.object({
      digest: Digest,
      hosts: z.number().int(),
      /** The first by name. */
      names: z.array(z.string()),
    }),
  ),
  distinct: z.number().int(),
  absent: z.array(z.object({ reason: FactAbsence, hosts: z.number().int() })),
  /** Hosts that never said anything of it. */
  unreported: z.number().int(),
});
export type FactDistribution = z.infer<typeof FactDistribution>;
export const FACT_CONTENTS_SHOWN_MAX = 500;

/** Hosts that are asked at once: a screen of a site, not the fleet, which reports by itself. */
export const COLLECT_HOSTS_MAX = 1000;
export const COLLECT_WAIT_MS_MAX = 30_000;

/**
 * `collected`: it is known now. `asked`: its agent is of a version that does not say when it has done so. `late`: no answer in
 * time. `offline`: there is nobody to ask.
 */
export const CollectState = z.enum(['collected', 'asked', 'late', 'offline']);
export type CollectState = z.infer<typeof CollectState>;

export const FactCollection = z.object({
  facts: z.array(FactName),
  hosts: z.array(z.object({ hostId: HostId, hostName: z.string(), state: CollectState })),
  counts: z.record(CollectState, z.number().int()),
});
export type FactCollection = z.infer<typeof FactCollection>;

const hostParams = z.object({ host: HostRef });
const factParams = z.object({ host: HostRef, fact: FactName });
const example = { host: EXAMPLE_HOST_ID, fact: 'os' };

export const factsRoutes = {
  kinds: defineRoute({
    id: 'facts.kinds',
    method: 'GET',
    path: '/api/v1/facts',
    summary: { en: 'What facts there are', zh: '采集项列表' },
    access,
    response: z.object({ items: z.array(FactKind) }),
    errors: [],
    example: {},
  }),
  distribution: defineRoute({
    id: 'facts.distribution',
    method: 'GET',
    path: '/api/v1/facts/{fact}/distribution',
    summary: { en: 'How many hosts are the same in one fact', zh: '某采集项的主机分布' },
    access,
    params: z.object({ fact: FactName }),
    query: z.object({ q: z.string().min(1).max(4096).optional().describe('selector') }),
    response: FactDistribution,
    errors: ['FACT_UNKNOWN', 'SELECTOR_INVALID', 'SELECTOR_TOO_COSTLY'],
    example: { params: { fact: 'os' } },
  }),
  diff: defineRoute({
    id: 'facts.diff',
    method: 'GET',
    path: '/api/v1/facts/{fact}/diff',
    summary: {
      en: 'Compare two hosts, two times, or two contents of a fact',
      zh: '比较两台主机、两个时间或两份内容',
    },
    access,
    params: z.object({ fact: FactName }),
    query: z.object({ left: z.string().min(1).max(400), right: z.string().min(1).max(400) }),
    response: FactDiff,
    errors: [...refErrors, 'FACT_UNKNOWN', 'FACT_NOT_REPORTED', 'FACT_BODY_MISSING', 'FACT_SIDE_INVALID'],
    example: { params: { fact: 'os' }, query: { left: EXAMPLE_HOST_ID, right: EXAMPLE_HOST_ID } },
  }),
  collect: defineRoute({
    id: 'facts.collect',
    method: 'POST',
    path: '/api/v1/facts/collect',
    summary: {
      en: 'Let hosts collect facts at once, and wait for them',
      zh: '让主机立即采集信息并等待结果',
    },
    access: { kind: 'permission', permission: factsPermissions.factsCollect.name },
    body: z.object({
      target: TargetRequest,
      facts: z.array(FactName).min(1).max(FACTS_PER_HOST_MAX),
      /** Milliseconds until the answer, whoever is still missing. */
      waitMs: z.number().int().min(0).max(COLLECT_WAIT_MS_MAX).default(10_000),
    }),
    response: FactCollection,
    errors: [
      'FACT_UNKNOWN',
      'FACT_COLLECT_TOO_MANY',
      'FACT_COLLECT_BUSY',
      'SELECTOR_INVALID',
      'SELECTOR_TOO_COSTLY',
      'GROUP_UNKNOWN',
      'INVALID_REQUEST',
    ],
    example: { body: { target: { hostIds: [EXAMPLE_HOST_ID] }, facts: ['os'], waitMs: 1000 } },
  }),
  body: defineRoute({
    id: 'facts.body',
    method: 'GET',
    path: '/api/v1/fact-bodies/{digest}',
    summary: { en: 'One content by its digest', zh: '按摘要查看内容' },
    access,
    params: z.object({ digest: Digest }),
    response: z.object({ digest: Digest, body: z.json() }),
    errors: ['FACT_BODY_MISSING'],
    example: { params: { digest: '0'.repeat(64) } },
  }),
  current: defineRoute({
    id: 'facts.current',
    method: 'GET',
    path: '/api/v1/hosts/{host}/facts',
    summary: { en: 'What is known of a host, now or at a time', zh: '主机当前或某一时刻的采集信息' },
    access,
    params: hostParams,
    query: asOf,
    response: z.object({ hostId: HostId, items: z.array(FactSpan) }),
    errors: refErrors,
    example: { params: { host: EXAMPLE_HOST_ID } },
  }),
  get: defineRoute({
    id: 'facts.get',
    method: 'GET',
    path: '/api/v1/hosts/{host}/facts/{fact}',
    summary: { en: 'One fact of a host, now or at a time', zh: '主机当前或某一时刻的单个采集项' },
    access,
    params: factParams,
    query: asOf,
    response: FactView,
    errors: [...refErrors, 'FACT_UNKNOWN', 'FACT_NOT_REPORTED'],
    example: { params: example },
  }),
  history: defineRoute({
    id: 'facts.history',
    method: 'GET',
    path: '/api/v1/hosts/{host}/facts/{fact}/history',
    summary: { en: 'How a fact of a host changed, newest first', zh: '主机采集项的变更历史，最新在前' },
    access,
    params: factParams,
    query: PageQuery,
    response: pageOf(FactSpan),
    errors: [...refErrors, 'FACT_UNKNOWN', 'INVALID_REQUEST'],
    example: { params: example },
  }),
};
