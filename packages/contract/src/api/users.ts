import { z } from 'zod';
import { Grant, PermissionName, Role } from '../access.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';
import { accessPermissions, Password, RoleName, RoleNames, User, UserName } from './access.ts';

const usersRead = { kind: 'permission', permission: accessPermissions.usersRead.name } as const;
const usersManage = { kind: 'permission', permission: accessPermissions.usersManage.name } as const;
const rolesRead = { kind: 'permission', permission: accessPermissions.rolesRead.name } as const;
const rolesManage = { kind: 'permission', permission: accessPermissions.rolesManage.name } as const;

const UserParams = z.object({ id: z.string().max(64) });
const RoleParams = z.object({ name: RoleName });

export const userRoutes = {
  list: defineRoute({
    id: 'users.list',
    method: 'GET',
    path: '/api/v1/users',
    summary: { en: 'People who can sign in', zh: '可登录的用户' },
    access: usersRead,
    query: PageQuery,
    response: pageOf(User),
    errors: [],
    example: {},
  }),
  get: defineRoute({
    id: 'users.get',
    method: 'GET',
    path: '/api/v1/users/{id}',
    summary: { en: 'One user, by id or name', zh: '按标识或名称查看用户' },
    access: usersRead,
    params: UserParams,
    response: User,
    errors: ['NOT_FOUND'],
    example: { params: { id: 'ada' } },
  }),
  create: defineRoute({
    id: 'users.create',
    method: 'POST',
    path: '/api/v1/users',
    summary: { en: 'Add a local user', zh: '添加本地用户' },
    access: usersManage,
    body: z.object({ name: UserName, password: Password, roles: RoleNames.default([]) }),
    response: User,
    errors: ['USER_EXISTS', 'PASSWORD_WEAK', 'NOT_FOUND', 'GRANT_EXCEEDS_OWN'],
    example: { body: { name: 'grace', password: 'correct horse battery', roles: ['reader'] } },
  }),
  update: defineRoute({
    id: 'users.update',
    method: 'PATCH',
    path: '/api/v1/users/{id}',
    summary: {
      en: 'Change roles or password, disable or enable; disabling ends sessions at once',
      zh: '修改角色或密码，停用或启用；停用会立即结束会话',
    },
    access: usersManage,
    params: UserParams,
    body: z.object({
      roles: RoleNames.optional(),
      password: Password.optional(),
      isDisabled: z.boolean().optional(),
    }),
    response: User,
    errors: ['NOT_FOUND', 'PASSWORD_WEAK', 'LAST_ADMINISTRATOR', 'GRANT_EXCEEDS_OWN', 'EDIT_CONFLICT'],
    example: { params: { id: 'grace' }, body: { roles: ['operator'] } },
  }),
  delete: defineRoute({
    id: 'users.delete',
    method: 'DELETE',
    path: '/api/v1/users/{id}',
    summary: {
      en: 'Remove a user with sessions and tokens; the audit keeps the name',
      zh: '删除用户及其会话与令牌；审计仍保留名称',
    },
    access: usersManage,
    params: UserParams,
    errors: ['NOT_FOUND', 'LAST_ADMINISTRATOR', 'GRANT_EXCEEDS_OWN', 'EDIT_CONFLICT'],
    example: { params: { id: 'grace' } },
  }),
} as const;

const RoleEdit = z.object({ description: z.string().max(500).default(''), grants: z.array(Grant).max(50) });
const roleErrors = [
  'PERMISSION_UNKNOWN',
  'PERMISSION_NOT_BY_HOST',
  'SELECTOR_INVALID',
  'SELECTOR_NOT_A_SCOPE',
  'GRANT_EXCEEDS_OWN',
] as const;

export const PermissionInfo = z.object({
  name: PermissionName,
  title: z.object({ en: z.string(), zh: z.string() }),
  scope: z.enum(['hosts', 'global']),
  isRead: z.boolean(),
});

export const roleRoutes = {
  permissions: defineRoute({
    id: 'roles.permissions',
    method: 'GET',
    path: '/api/v1/permissions',
    summary: { en: 'All permissions that roles can grant', zh: '角色可授予的全部权限' },
    access: rolesRead,
    response: z.object({ items: z.array(PermissionInfo) }),
    errors: [],
    example: {},
  }),
  list: defineRoute({
    id: 'roles.list',
    method: 'GET',
    path: '/api/v1/roles',
    summary: { en: 'Roles, the built-in ones first', zh: '角色（内置角色在前）' },
    access: rolesRead,
    query: PageQuery,
    response: pageOf(Role),
    errors: [],
    example: {},
  }),
  get: defineRoute({
    id: 'roles.get',
    method: 'GET',
    path: '/api/v1/roles/{name}',
    summary: { en: 'One role', zh: '查看角色' },
    access: rolesRead,
    params: RoleParams,
    response: Role,
    errors: ['NOT_FOUND'],
    example: { params: { name: 'reader' } },
  }),
  create: defineRoute({
    id: 'roles.create',
    method: 'POST',
    path: '/api/v1/roles',
    summary: { en: 'Add a role', zh: '添加角色' },
    access: rolesManage,
    body: RoleEdit.extend({ name: RoleName }),
    response: Role,
    errors: ['ROLE_EXISTS', ...roleErrors],
    example: {
      body: {
        name: 'web-readers',
        description: 'Look at the web hosts',
        grants: [{ permissions: ['hosts.read'], hosts: 'label.role == "web"', effectMax: 'read' }],
      },
    },
  }),
  update: defineRoute({
    id: 'roles.update',
    method: 'PUT',
    path: '/api/v1/roles/{name}',
    summary: { en: 'Replace a role; holds from the next request on', zh: '替换角色，自下一次请求起生效' },
    access: rolesManage,
    params: RoleParams,
    body: RoleEdit,
    response: Role,
    errors: ['NOT_FOUND', 'ROLE_BUILT_IN', 'EDIT_CONFLICT', ...roleErrors],
    example: { params: { name: 'web-readers' }, body: { description: '', grants: [] } },
  }),
  delete: defineRoute({
    id: 'roles.delete',
    method: 'DELETE',
    path: '/api/v1/roles/{name}',
    summary: { en: 'Remove a role that nobody holds', zh: '删除无人持有的角色' },
    access: rolesManage,
    params: RoleParams,
    errors: ['NOT_FOUND', 'ROLE_BUILT_IN', 'ROLE_IN_USE', 'EDIT_CONFLICT'],
    example: { params: { name: 'web-readers' } },
  }),
} as const;
