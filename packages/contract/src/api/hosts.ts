import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { defineErrors } from '../errors.ts';
import { Host, HostState, PresenceKind } from '../host.ts';
import { HostId, HostName } from '../host-id.ts';
import { LabelKey } from '../label-key.ts';
import { LABELS_MAX, Labels, LabelValue } from '../labels.ts';
import { PageQuery, pageOf } from '../page.ts';
import { TargetRequest } from '../plan.ts';
import { defineRoute } from '../route.ts';
import { Timestamp } from '../scalars.ts';

export const hostsPermissions = definePermissions({
  hostsRead: {
    name: 'hosts.read',
    title: { en: 'See hosts', zh: '查看主机' },
    scope: 'hosts',
    isRead: true,
  },
  hostsLabel: {
    name: 'hosts.label',
    title: { en: 'Name hosts, set labels and group members', zh: '设置主机名称、标签和分组成员' },
    scope: 'hosts',
    isRead: false,
  },
  hostsMaintain: {
    name: 'hosts.maintain',
    title: { en: 'Put hosts into maintenance', zh: '将主机置于维护状态' },
    scope: 'hosts',
    isRead: false,
  },
  hostsReboot: {
    name: 'hosts.reboot',
    title: { en: 'Reboot hosts', zh: '重启主机' },
    scope: 'hosts',
    isRead: false,
  },
  hostsQuarantine: {
    name: 'hosts.quarantine',
    title: { en: 'Put hosts into quarantine and release them', zh: '隔离主机和解除隔离' },
    scope: 'hosts',
    isRead: false,
  },
  hostsDecommission: {
    name: 'hosts.decommission',
    title: { en: 'Decommission hosts', zh: '停用主机' },
    scope: 'hosts',
    isRead: false,
  },
});

export const hostsErrors = defineErrors({
  HOST_UNKNOWN: {
    status: 404,
    title: { en: 'There is no host {host}', zh: '不存在主机 {host}' },
    hint: {
      en: 'The nearest name: {nearest}. What lies outside your scope is shown as absent, too.',
      zh: '最接近的名称：{nearest}。超出您权限范围的主机也显示为不存在。',
    },
    retry: 'after-change',
  },
  HOST_NAME_AMBIGUOUS: {
    status: 409,
    title: { en: 'Several hosts are called {name}', zh: '有多台主机名为 {name}' },
    hint: { en: 'Use one of their ids: {ids}', zh: '请使用其中一个标识：{ids}' },
    retry: 'after-change',
  },
  HOST_STATE_CONFLICT: {
    status: 409,
    title: { en: 'Host {host} is {state}', zh: '主机 {host} 的状态为 {state}' },
    hint: {
      en: 'This can be done only while it is {wanted}. Read the host again.',
      zh: '仅当其状态为 {wanted} 时可执行此操作。请重新读取该主机。',
    },
    retry: 'after-change',
  },
  HOST_NOT_IN_MAINTENANCE: {
    status: 409,
    title: { en: 'Host {host} is not in maintenance', zh: '主机 {host} 未处于维护状态' },
    hint: { en: 'There is nothing to end.', zh: '无需结束。' },
    retry: 'never',
  },
  HOST_MAINTENANCE_OVER: {
    status: 400,
    title: { en: 'A maintenance cannot end at {until}', zh: '维护不能在 {until} 结束' },
    hint: { en: 'Take a time in the future, or none.', zh: '请选择未来的时间，或不设结束时间。' },
    retry: 'after-change',
  },
  HOST_LABELS_TOO_MANY: {
    status: 400,
    title: {
      en: 'Host {host} would have more than {limit} labels',
      zh: '主机 {host} 的标签将超过 {limit} 个',
    },
    hint: { en: 'Remove labels that nobody needs.', zh: '请移除不再需要的标签。' },
    retry: 'after-change',
  },
  HOST_LABEL_OUT_OF_SCOPE: {
    status: 403,
    title: {
      en: 'This would move {count} hosts out of, or into, a scope that is not yours: {hosts}',
      zh: '此操作会将 {count} 台主机移出或移入不属于您的权限范围：{hosts}',
    },
    hint: {
      en: 'It needs {permission} before and after the change. Ask an administrator.',
      zh: '变更前后都需要 {permission} 权限。请联系管理员。',
    },
    retry: 'after-change',
  },
  HOST_TARGET_EMPTY: {
    status: 400,
    title: { en: 'No hosts were named', zh: '未指定主机' },
    hint: { en: 'Give a selector, ids or groups.', zh: '请给出选择器、主机标识或分组。' },
    retry: 'after-change',
  },
});

/** An id, or a name that only one host in sight has. */
export const HostRef = z.string().min(1).max(253);
const params = z.object({ host: HostRef });
export const EXAMPLE_HOST_ID = 'h_000000000000000000';
const example = { host: EXAMPLE_HOST_ID };
const refErrors = ['HOST_UNKNOWN', 'HOST_NAME_AMBIGUOUS'];

const access = (permission: { readonly name: string }) =>
  ({ kind: 'permission', permission: permission.name }) as const;

/** Hosts in an answer that tells of many. */
export const HOSTS_SHOWN_MAX = 100;

export const HostsPage = pageOf(Host).extend({
  /** All that fit the filter, on all pages. */
  total: z.number().int(),
  /** Hosts of which the selector cannot be decided, for want of facts. They are not listed. */
  undetermined: z.number().int(),
});
export type HostsPage = z.infer<typeof HostsPage>;

export const LabelsChange = z.object({
  target: TargetRequest,
  set: z.record(LabelKey, LabelValue).default({}),
  unset: z.array(LabelKey).max(LABELS_MAX).default([]),
  /** True: only says what would change. */
  isPreview: z.boolean().default(false),
});
export type LabelsChange = z.infer<typeof LabelsChange>;

export const LabelsChanged = z.object({
  matched: z.number().int(),
  changed: z.number().int(),
  undetermined: z.number().int(),
  /** The first that change (at most HOSTS_SHOWN_MAX), with their labels afterwards. */
  hosts: z.array(z.object({ id: HostId, name: z.string(), labels: Labels })),
});
export type LabelsChanged = z.infer<typeof LabelsChanged>;

/** A group or a path above groups. Counts include what lies below, each host once. */
export const TreeNode = z.object({
  path: z.string(),
  kind: z.enum(['fixed', 'selector', 'folder']),
  description: z.string(),
  hosts: z.number().int(),
  online: z.number().int(),
  undetermined: z.number().int(),
});
export type TreeNode = z.infer<typeof TreeNode>;

export const hostsRoutes = {
  list: defineRoute({
    id: 'hosts.list',
    method: 'GET',
    path: '/api/v1/hosts',
    summary: { en: 'Hosts, by name', zh: '主机列表，按名称排序' },
    access: access(hostsPermissions.hostsRead),
    query: PageQuery.extend({
      q: z.string().min(1).max(4096).optional().describe('selector'),
      /** Part of the name. */
      name: z.string().min(1).max(253).optional(),
      state: HostState.optional(),
      presence: PresenceKind.optional(),
    }),
    response: HostsPage,
    errors: ['SELECTOR_INVALID', 'SELECTOR_TOO_COSTLY', 'INVALID_REQUEST'],
    example: { query: { q: 'label.role == "web"' } },
  }),
  tree: defineRoute({
    id: 'hosts.tree',
    method: 'GET',
    path: '/api/v1/host-tree',
    summary: { en: 'Groups as a tree, with counts of hosts', zh: '分组树及主机数量' },
    access: access(hostsPermissions.hostsRead),
    response: z.object({
      /** In path order, parents before children. */
      items: z.array(TreeNode),
      total: z.number().int(),
      online: z.number().int(),
      /** Hosts in no group. */
      ungrouped: z.number().int(),
    }),
    errors: [],
    example: {},
  }),
  get: defineRoute({
    id: 'hosts.get',
    method: 'GET',
    path: '/api/v1/hosts/{host}',
    summary: { en: 'One host, by id or name', zh: '按标识或名称查看单台主机' },
    access: access(hostsPermissions.hostsRead),
    params,
    response: Host,
    errors: refErrors,
    example: { params: example },
  }),
  rename: defineRoute({
    id: 'hosts.rename',
    method: 'PATCH',
    path: '/api/v1/hosts/{host}',
    summary: { en: 'Give a host another name', zh: '修改主机名称' },
    access: access(hostsPermissions.hostsLabel),
    params,
    body: z.object({ name: HostName }),
    response: Host,
    errors: [...refErrors, 'EDIT_CONFLICT', 'HOST_LABEL_OUT_OF_SCOPE', 'FORBIDDEN'],
    example: { params: example, body: { name: 'web-1' } },
  }),
  labels: defineRoute({
    id: 'hosts.labels',
    method: 'POST',
    path: '/api/v1/host-labels',
    summary: {
      en: 'Set and remove labels of many hosts, or preview it',
      zh: '批量设置和移除主机标签，或预览',
    },
    access: access(hostsPermissions.hostsLabel),
    body: LabelsChange,
    response: LabelsChanged,
    errors: [
      'SELECTOR_INVALID',
      'SELECTOR_TOO_COSTLY',
      'HOST_UNKNOWN',
      'GROUP_UNKNOWN',
      'HOST_TARGET_EMPTY',
      'HOST_LABELS_TOO_MANY',
      'HOST_LABEL_OUT_OF_SCOPE',
    ],
    example: {
      body: { target: { selector: 'name == "web-1"' }, set: { role: 'web' }, unset: [], isPreview: true },
    },
  }),
  beginMaintenance: defineRoute({
    id: 'hosts.begin-maintenance',
    method: 'PUT',
    path: '/api/v1/hosts/{host}/maintenance',
    summary: { en: 'Put a host into maintenance', zh: '将主机置于维护状态' },
    access: access(hostsPermissions.hostsMaintain),
    params,
    body: z.object({
      reason: z.string().min(1).max(500),
      /** Absent: until a person ends it. */
      until: Timestamp.optional(),
    }),
    response: Host,
    errors: [...refErrors, 'EDIT_CONFLICT', 'HOST_MAINTENANCE_OVER', 'FORBIDDEN'],
    example: { params: example, body: { reason: 'new disk' } },
  }),
  endMaintenance: defineRoute({
    id: 'hosts.end-maintenance',
    method: 'DELETE',
    path: '/api/v1/hosts/{host}/maintenance',
    summary: { en: 'End the maintenance of a host', zh: '结束主机维护' },
    access: access(hostsPermissions.hostsMaintain),
    params,
    response: Host,
    errors: [...refErrors, 'EDIT_CONFLICT', 'HOST_NOT_IN_MAINTENANCE', 'FORBIDDEN'],
    example: { params: example },
  }),
  quarantine: defineRoute({
    id: 'hosts.quarantine',
    method: 'PUT',
    path: '/api/v1/hosts/{host}/quarantine',
    summary: { en: 'Offer a host nothing until it is released', zh: '隔离主机，解除前不下发任何任务' },
    access: access(hostsPermissions.hostsQuarantine),
    params,
    response: Host,
    errors: [...refErrors, 'EDIT_CONFLICT', 'HOST_STATE_CONFLICT', 'FORBIDDEN'],
    example: { params: example },
  }),
  release: defineRoute({
    id: 'hosts.release',
    method: 'DELETE',
    path: '/api/v1/hosts/{host}/quarantine',
    summary: { en: 'Release a host from quarantine', zh: '解除主机隔离' },
    access: access(hostsPermissions.hostsQuarantine),
    params,
    response: Host,
    errors: [...refErrors, 'EDIT_CONFLICT', 'HOST_STATE_CONFLICT', 'FORBIDDEN'],
    example: { params: example },
  }),
  decommission: defineRoute({
    id: 'hosts.decommission',
    method: 'POST',
    path: '/api/v1/hosts/{host}/decommission',
    summary: {
      en: 'End the registration of a host: its certificates are revoked, its history stays',
      zh: '停用主机：吊销其证书，保留历史记录',
    },
    access: access(hostsPermissions.hostsDecommission),
    params,
    body: z.object({ reason: z.string().min(1).max(500) }),
    response: Host,
    errors: [...refErrors, 'EDIT_CONFLICT', 'FORBIDDEN'],
    example: { params: example, body: { reason: 'scrapped' } },
  }),
};
