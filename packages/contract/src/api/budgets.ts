import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { Budget, BudgetDomain, BudgetLimit, Lease, RuleName } from '../budget.ts';
import { defineErrors } from '../errors.ts';
import { defineFinding } from '../finding.ts';
import { HostId } from '../host-id.ts';
import { LabelKey } from '../label-key.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';

export const budgetsPermissions = definePermissions({
  budgetsRead: {
    name: 'budgets.read',
    title: { en: 'See budgets and who draws from them', zh: '查看预算及其占用' },
    scope: 'hosts',
    isRead: true,
  },
  budgetsWrite: {
    name: 'budgets.write',
    title: { en: 'Make, change and remove budgets', zh: '创建、修改和删除预算' },
    scope: 'global',
    isRead: false,
  },
  budgetsRelease: {
    name: 'budgets.release',
    title: { en: 'End a lease whose host did not come back', zh: '强制结束未返回主机的租约' },
    scope: 'hosts',
    isRead: false,
  },
});

/** Beyond this a change of one host would be judged against so many budgets that a reconnect storm is felt. */
export const BUDGETS_MAX = 200;

export const budgetsErrors = defineErrors({
  BUDGET_EXISTS: {
    status: 409,
    title: { en: 'Budget {name} is there already', zh: '预算 {name} 已存在' },
    hint: {
      en: 'Read it, and send its etag with the change: pilothouse budget show {name}',
      zh: '请先读取，并在修改时附上其 etag：pilothouse budget show {name}',
    },
    retry: 'after-change',
  },
  BUDGETS_TOO_MANY: {
    status: 409,
    title: { en: 'There are {max} budgets already', zh: '预算数量已达上限 {max}' },
    hint: {
      en: 'One budget per label replaces many alike: give it --per KEY.',
      zh: '按标签划分（--per KEY）的一个预算可取代多个相似预算。',
    },
    retry: 'after-change',
  },
  LEASE_IN_USE: {
    status: 409,
    title: { en: 'The task {taskId} of this lease is under way', zh: '该租约的任务 {taskId} 仍在进行中' },
    hint: {
      en: 'Cancel its rollout first; a lease is ended by hand only when its task has ended.',
      zh: '请先取消其发布；只有任务已结束的租约才能手动结束。',
    },
    retry: 'after-change',
  },
  BUDGET_IMPOSSIBLE: {
    status: 422,
    title: {
      en: 'Budget "{name}" never lets any of these hosts be taken down: it allows {allowed} of them',
      zh: '预算“{name}”不允许任何此类主机离线：允许数量为 {allowed}',
    },
    hint: {
      en: 'Take those hosts out of the plan, or change the budget. See: pilothouse budget',
      zh: '请将这些主机移出计划，或修改预算。查看：pilothouse budget',
    },
    retry: 'after-change',
  },
});

export const budgetFindings = {
  exceeded: defineFinding({
    kind: 'kernel.budget-exceeded',
    severity: 'high',
    title: {
      en: 'Budget {name} is exceeded{domainText}: {down} hosts are down, {allowed} are allowed',
      zh: '预算 {name}{domainText} 已超出：{down} 台主机离线，允许 {allowed} 台',
    },
    hint: {
      en: 'Nothing that interrupts its hosts starts until they are back. See: pilothouse budget show {name}',
      zh: '在主机恢复之前不会启动任何会中断它们的操作。查看：pilothouse budget show {name}',
    },
    remedy: null,
  }),
};

/** The list is cut here; `domainsCount` is whole. Worst first. */
export const BUDGET_DOMAINS_SHOWN_MAX = 100;
export const DOWN_HOSTS_SHOWN_MAX = 20;

export const BudgetView = Budget.extend({
  members: z.number().int(),
  undetermined: z.number().int(),
  domainsCount: z.number().int(),
  domains: z.array(BudgetDomain),
});
export type BudgetView = z.infer<typeof BudgetView>;

const read = { kind: 'permission', permission: budgetsPermissions.budgetsRead.name } as const;
const write = { kind: 'permission', permission: budgetsPermissions.budgetsWrite.name } as const;
const release = { kind: 'permission', permission: budgetsPermissions.budgetsRelease.name } as const;
const params = z.object({ name: RuleName });
const example = { name: 'etcd' };

export const budgetsRoutes = {
  list: defineRoute({
    id: 'budgets.list',
    method: 'GET',
    path: '/api/v1/budgets',
    summary: { en: 'Budgets, by name, with what is down now', zh: '预算列表及当前占用，按名称排序' },
    access: read,
    query: PageQuery,
    response: pageOf(BudgetView),
    errors: ['INVALID_REQUEST'],
    example: {},
  }),
  get: defineRoute({
    id: 'budgets.get',
    method: 'GET',
    path: '/api/v1/budgets/{name}',
    summary: { en: 'One budget with its domains', zh: '单个预算及其各域' },
    access: read,
    params,
    response: BudgetView,
    errors: ['NOT_FOUND'],
    example: { params: example },
  }),
  put: defineRoute({
    id: 'budgets.put',
    method: 'PUT',
    path: '/api/v1/budgets/{name}',
    summary: {
      en: 'Make a budget, or change the one whose etag is given',
      zh: '创建预算，或修改指定 etag 的预算',
    },
    access: write,
    params,
    body: z.object({
      selector: z.string().min(1).max(4096),
      per: LabelKey.nullable().default(null),
      limit: BudgetLimit,
      counts: z.enum(['any', 'host']).default('any'),
      reason: z.string().max(500).default(''),
    }),
    response: BudgetView,
    errors: ['SELECTOR_INVALID', 'BUDGET_EXISTS', 'BUDGETS_TOO_MANY', 'EDIT_CONFLICT'],
    example: {
      params: example,
      body: {
        selector: 'label.service == "etcd"',
        limit: { quorum: true },
        reason: 'etcd needs its majority',
      },
    },
  }),
  remove: defineRoute({
    id: 'budgets.remove',
    method: 'DELETE',
    path: '/api/v1/budgets/{name}',
    summary: { en: 'Remove a budget', zh: '删除预算' },
    access: write,
    params,
    errors: ['NOT_FOUND', 'EDIT_CONFLICT'],
    example: { params: example },
  }),
  leases: defineRoute({
    id: 'budgets.leases',
    method: 'GET',
    path: '/api/v1/budget-leases',
    summary: {
      en: 'Leases: who may be down now, and for which task',
      zh: '租约：当前允许离线的主机及其任务',
    },
    access: read,
    query: PageQuery,
    response: pageOf(Lease),
    errors: ['INVALID_REQUEST'],
    example: {},
  }),
  clearFailing: defineRoute({
    id: 'budgets.clear-failing',
    method: 'POST',
    path: '/api/v1/budget-failing/{hostId}/clear',
    summary: {
      en: 'Forget what probes said of a host that was mended since; findings stay',
      zh: '清除探测对已修复主机的失败记录（保留问题）',
    },
    access: release,
    params: z.object({ hostId: HostId }),
    body: z.object({ reason: z.string().trim().min(1).max(500) }),
    errors: ['NOT_FOUND'],
    example: { params: { hostId: 'h_000000000000000000' }, body: { reason: 'mended by hand' } },
  }),
  release: defineRoute({
    id: 'budgets.release',
    method: 'POST',
    path: '/api/v1/budget-leases/{taskId}/release',
    summary: {
      en: 'End a lease by hand: the host counts as up again although nobody heard of it',
      zh: '手动结束租约：即使未收到主机消息，也视为已恢复',
    },
    access: release,
    params: z.object({ taskId: z.string().min(1).max(64) }),
    body: z.object({ reason: z.string().trim().min(1).max(500) }),
    errors: ['NOT_FOUND', 'LEASE_IN_USE'],
    example: { params: { taskId: 'r_000000000000000000.0' }, body: { reason: 'the host was taken apart' } },
  }),
};
