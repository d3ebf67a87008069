import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { defineErrors } from '../errors.ts';
import { GROUP_HOSTS_MAX, GroupPath } from '../group.ts';
import { HostId } from '../host-id.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';
import { HostsPage } from './hosts.ts';

export const groupsPermissions = definePermissions({
  groupsRead: {
    name: 'groups.read',
    title: { en: 'See groups', zh: '查看分组' },
    scope: 'global',
    isRead: true,
  },
  groupsEdit: {
    name: 'groups.edit',
    title: { en: 'Make, change and remove groups', zh: '创建、修改和删除分组' },
    scope: 'global',
    isRead: false,
  },
});

export const groupsErrors = defineErrors({
  GROUP_UNKNOWN: {
    status: 404,
    title: { en: 'There is no group {path}', zh: '不存在分组 {path}' },
    hint: { en: 'The nearest one is: {nearest}', zh: '最接近的分组：{nearest}' },
    retry: 'after-change',
  },
  GROUP_EXISTS: {
    status: 409,
    title: { en: 'Group {path} is there already', zh: '分组 {path} 已存在' },
    hint: {
      en: 'Read it, and send its etag with the change.',
      zh: '请先读取该分组，并在修改时附上其 etag。',
    },
    retry: 'after-change',
  },
  GROUP_NOT_FIXED: {
    status: 409,
    title: { en: 'Group {path} chooses its hosts by a selector', zh: '分组 {path} 由选择器决定其主机' },
    hint: {
      en: 'Change its selector, or use a group with a fixed list.',
      zh: '请修改其选择器，或使用固定列表的分组。',
    },
    retry: 'after-change',
  },
  GROUP_CYCLE: {
    status: 409,
    title: {
      en: 'Group {path} would contain itself, by way of {through}',
      zh: '分组 {path} 将经由 {through} 包含自身',
    },
    hint: {
      en: 'Take the group out of the selector of one of them.',
      zh: '请从其中一个分组的选择器中移除引用。',
    },
    retry: 'after-change',
  },
  GROUP_IN_USE: {
    status: 409,
    title: { en: 'Group {path} is used by {users}', zh: '分组 {path} 正被 {users} 使用' },
    hint: { en: 'Change those first.', zh: '请先修改它们。' },
    retry: 'after-change',
  },
  GROUP_FULL: {
    status: 400,
    title: {
      en: 'Group {path} would hold more than {limit} hosts',
      zh: '分组 {path} 的主机将超过 {limit} 台',
    },
    hint: { en: 'Use a selector instead of a list.', zh: '请使用选择器代替列表。' },
    retry: 'after-change',
  },
});

export const GroupSummary = z.object({
  path: GroupPath,
  description: z.string(),
  kind: z.enum(['fixed', 'selector']),
  /** Null for a fixed list. */
  selector: z.string().nullable(),
  /** Hosts in the reader's scope that it holds, without those of groups below it. */
  hosts: z.number().int(),
  undetermined: z.number().int(),
  etag: z.string(),
});
export type GroupSummary = z.infer<typeof GroupSummary>;

const read = { kind: 'permission', permission: groupsPermissions.groupsRead.name } as const;
const edit = { kind: 'permission', permission: groupsPermissions.groupsEdit.name } as const;
/** In a URL the slashes of a path are written `%2F`. */
const params = z.object({ path: GroupPath });
const example = { path: 'bj1/web' };

export const groupsRoutes = {
  list: defineRoute({
    id: 'groups.list',
    method: 'GET',
    path: '/api/v1/groups',
    summary: { en: 'Groups, by path', zh: '分组列表，按路径排序' },
    access: read,
    query: PageQuery,
    response: pageOf(GroupSummary),
    errors: ['INVALID_REQUEST'],
    example: {},
  }),
  get: defineRoute({
    id: 'groups.get',
    method: 'GET',
    path: '/api/v1/groups/{path}',
    summary: { en: 'One group', zh: '单个分组' },
    access: read,
    params,
    response: GroupSummary,
    errors: ['GROUP_UNKNOWN'],
    example: { params: example },
  }),
  members: defineRoute({
    id: 'groups.members',
    method: 'GET',
    path: '/api/v1/groups/{path}/hosts',
    summary: { en: 'Hosts of a group and of the groups below it', zh: '分组及其下级分组的主机' },
    access: read,
    params,
    query: PageQuery,
    response: HostsPage,
    errors: ['GROUP_UNKNOWN', 'INVALID_REQUEST'],
    example: { params: example },
  }),
  put: defineRoute({
    id: 'groups.put',
    method: 'PUT',
    path: '/api/v1/groups/{path}',
    summary: {
      en: 'Make a group, or change the one whose etag is given',
      zh: '创建分组，或修改指定 etag 的分组',
    },
    access: edit,
    params,
    body: z.object({
      description: z.string().max(500).default(''),
      /** Null: a fixed list, whose hosts are set by `groups.set-members`. */
      selector: z.string().min(1).max(4096).nullable().default(null),
    }),
    response: GroupSummary,
    errors: [
      'SELECTOR_INVALID',
      'GROUP_EXISTS',
      'GROUP_CYCLE',
      'GROUP_IN_USE',
      'EDIT_CONFLICT',
      'HOST_LABEL_OUT_OF_SCOPE',
    ],
    example: { params: example, body: { description: 'web servers in Beijing', selector: null } },
  }),
  setMembers: defineRoute({
    id: 'groups.set-members',
    method: 'POST',
    path: '/api/v1/groups/{path}/hosts',
    summary: { en: 'Add hosts to a fixed group and take hosts out', zh: '向固定分组添加或移除主机' },
    access: edit,
    params,
    body: z.object({
      add: z.array(HostId).max(GROUP_HOSTS_MAX).default([]),
      remove: z.array(HostId).max(GROUP_HOSTS_MAX).default([]),
    }),
    response: GroupSummary,
    errors: ['GROUP_UNKNOWN', 'GROUP_NOT_FIXED', 'GROUP_FULL', 'HOST_UNKNOWN', 'HOST_LABEL_OUT_OF_SCOPE'],
    example: { params: example, body: { add: ['h_000000000000000000'], remove: [] } },
  }),
  remove: defineRoute({
    id: 'groups.remove',
    method: 'DELETE',
    path: '/api/v1/groups/{path}',
    summary: { en: 'Remove a group; its hosts stay', zh: '删除分组，保留其主机' },
    access: edit,
    params,
    errors: ['GROUP_UNKNOWN', 'GROUP_IN_USE', 'EDIT_CONFLICT', 'HOST_LABEL_OUT_OF_SCOPE'],
    example: { params: example },
  }),
};
