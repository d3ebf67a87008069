import { z } from 'zod';
import { definePermissions, Grant, PermissionName, Role } from '../access.ts';
import { Actor } from '../audit.ts';
import { Timestamp } from '../common.ts';
import { defineErrors } from '../errors.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';

export const accessPermissions = definePermissions({
  usersRead: {
    name: 'users.read',
    title: { en: 'See people and their roles', zh: '查看用户及其角色' },
    scope: 'global',
    isRead: true,
  },
  usersManage: {
    name: 'users.manage',
    title: {
      en: 'Add, change and disable people, and give them roles',
      zh: '添加、修改、停用用户并分配角色',
    },
    scope: 'global',
    isRead: false,
  },
  rolesRead: {
    name: 'roles.read',
    title: { en: 'See roles', zh: '查看角色' },
    scope: 'global',
    isRead: true,
  },
  rolesManage: {
    name: 'roles.manage',
    title: { en: 'Add, change and remove roles', zh: '添加、修改、删除角色' },
    scope: 'global',
    isRead: false,
  },
  systemRead: {
    name: 'system.read',
    title: { en: "See the control plane's own metrics", zh: '查看控制平面自身的指标' },
    scope: 'global',
    isRead: true,
  },
});

export const accessErrors = defineErrors({
  SETUP_CODE_WRONG: {
    status: 403,
    title: { en: 'The set-up code is not valid', zh: '初始化代码无效' },
    hint: {
      en: 'Use the link that the server printed at its latest start.',
      zh: '请使用服务器最近一次启动时打印的链接。',
    },
    retry: 'after-change',
  },
  SETUP_DONE: {
    status: 409,
    title: { en: 'This installation is already set up', zh: '本系统已完成初始化' },
    hint: { en: 'Sign in, or ask an administrator for an account.', zh: '请登录，或联系管理员开通账号。' },
    retry: 'never',
  },
  SIGN_IN_FAILED: {
    status: 401,
    title: { en: 'Name or password is wrong', zh: '用户名或密码错误' },
    hint: {
      en: 'Try again. An administrator can give you a new password.',
      zh: '请重试。管理员可以为您重设密码。',
    },
    retry: 'after-change',
  },
  TOKEN_INVALID: {
    status: 401,
    title: { en: 'The API token is unknown, expired or revoked', zh: 'API 令牌未知、已过期或已吊销' },
    hint: { en: 'Make a new one: pilothouse login', zh: '请重新获取：pilothouse login' },
    retry: 'after-change',
  },
  CROSS_SITE_REFUSED: {
    status: 403,
    title: { en: 'This request came from another web site', zh: '该请求来自其他网站' },
    hint: {
      en: 'Open the console itself, or call the API with a token.',
      zh: '请直接打开控制台，或使用令牌调用 API。',
    },
    retry: 'after-change',
  },
  PASSWORD_WEAK: {
    status: 400,
    title: { en: 'The password is too easy to guess: {problem}', zh: '密码过于简单：{problem}' },
    hint: {
      en: 'Take at least 12 characters that do not contain the name.',
      zh: '请使用至少 12 个字符，且不包含用户名。',
    },
    retry: 'after-change',
  },
  USER_EXISTS: {
    status: 409,
    title: { en: 'There is already a user {name}', zh: '用户 {name} 已存在' },
    hint: { en: 'Take another name.', zh: '请换一个用户名。' },
    retry: 'after-change',
  },
  LAST_ADMINISTRATOR: {
    status: 409,
    title: { en: '{name} is the last administrator', zh: '{name} 是最后一名管理员' },
    hint: { en: 'Make another one first.', zh: '请先设置另一名管理员。' },
    retry: 'after-change',
  },
  ROLE_EXISTS: {
    status: 409,
    title: { en: 'There is already a role {name}', zh: '角色 {name} 已存在' },
    hint: { en: 'Take another name, or change that one.', zh: '请换一个名称，或修改已有角色。' },
    retry: 'after-change',
  },
  ROLE_BUILT_IN: {
    status: 409,
    title: { en: 'The role {name} is built in', zh: '角色 {name} 为内置角色' },
    hint: { en: 'Make a role of your own beside it.', zh: '请另建自定义角色。' },
    retry: 'never',
  },
  ROLE_IN_USE: {
    status: 409,
    title: { en: 'The role {name} is held by {users}', zh: '角色 {name} 仍被 {users} 使用' },
    hint: { en: 'Take it from them first.', zh: '请先收回该角色。' },
    retry: 'after-change',
  },
  PERMISSION_UNKNOWN: {
    status: 400,
    title: { en: 'There is no permission {permission}', zh: '不存在权限 {permission}' },
    hint: { en: 'Did you mean {nearest}?', zh: '您是否想用 {nearest}？' },
    retry: 'after-change',
  },
  PERMISSION_NOT_BY_HOST: {
    status: 400,
    title: {
      en: '{permission} is for the whole installation and cannot be limited to hosts',
      zh: '{permission} 针对整个系统，不能限定到部分主机',
    },
    hint: {
      en: 'Put it into a grant whose hosts are "true".',
      zh: '请将其放入 hosts 为 "true" 的授权中。',
    },
    retry: 'after-change',
  },
  GRANT_EXCEEDS_OWN: {
    status: 403,
    title: {
      en: 'This would give more than you hold yourself: {permission} on {hosts}',
      zh: '这将授予超出您自身的权限：{hosts} 上的 {permission}',
    },
    hint: { en: 'Ask an administrator to do it.', zh: '请由管理员执行此操作。' },
    retry: 'after-change',
  },
  OIDC_OFF: {
    status: 404,
    title: { en: 'Single sign-on is not configured', zh: '未配置单点登录' },
    hint: {
      en: 'Set PILOTHOUSE_OIDC_ISSUER and its fellows, or sign in with a password.',
      zh: '请设置 PILOTHOUSE_OIDC_ISSUER 等参数，或使用密码登录。',
    },
    retry: 'after-change',
  },
  OIDC_FAILED: {
    status: 502,
    title: {
      en: 'The sign-in provider did not vouch for you: {problem}',
      zh: '身份提供方未能确认身份：{problem}',
    },
    hint: {
      en: 'Start the sign-in again; the server log has the cause.',
      zh: '请重新登录；原因见服务器日志。',
    },
    retry: 'later',
  },
  OIDC_NO_ROLE: {
    status: 403,
    title: { en: '{name} is in no group that has a role here', zh: '{name} 所在的组在此没有对应角色' },
    hint: {
      en: 'Ask an administrator to map one of your groups to a role.',
      zh: '请联系管理员将您的组映射到角色。',
    },
    retry: 'after-change',
  },
});

export const UserName = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,127}$/u);
/** The upper bound keeps one sign-in from costing more hashing than another. */
export const Password = z.string().min(1).max(256);
export const RoleName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const RoleNames = z.array(RoleName).max(50);

export const User = z.object({
  id: z.string(),
  name: UserName,
  /** local: signs in with a password here. oidc: vouched for by the provider, roles included. */
  kind: z.enum(['local', 'oidc']),
  roles: RoleNames,
  isDisabled: z.boolean(),
  createdAt: Timestamp,
  lastSignInAt: Timestamp.nullable(),
  etag: z.string(),
});
export type User = z.infer<typeof User>;

export const ApiToken = z.object({
  id: z.string(),
  name: z.string(),
  userId: z.string(),
  /** Null: all roles of its owner, as they are at the time of use. */
  roles: RoleNames.nullable(),
  createdAt: Timestamp,
  /** Null: until it is revoked. */
  expiresAt: Timestamp.nullable(),
  /** Written at most every few minutes. */
  lastUsedAt: Timestamp.nullable(),
});
export type ApiToken = z.infer<typeof ApiToken>;

/** Who is behind the request and what they hold. `permissions` is for showing and hiding; the server decides. */
export const Me = z.object({
  actor: Actor,
  user: User,
  roles: z.array(Role),
  permissions: z.array(PermissionName),
});
export type Me = z.infer<typeof Me>;

const TokenName = z.string().trim().min(1).max(100);
const UserParams = z.object({ id: z.string().max(64) });
const RoleParams = z.object({ name: RoleName });

/** `tokenName`: answer with an API token of that name instead of a session cookie. For the command line. */
const TokenWish = { tokenName: TokenName.optional() };
const SignedIn = z.object({
  user: User,
  /** Shown this once; null when a session cookie was set. */
  token: z.string().nullable(),
});

const signedIn = { kind: 'signed-in' } as const;
const isPublic = { kind: 'public' } as const;
const usersRead = { kind: 'permission', permission: accessPermissions.usersRead.name } as const;
const usersManage = { kind: 'permission', permission: accessPermissions.usersManage.name } as const;
const rolesRead = { kind: 'permission', permission: accessPermissions.rolesRead.name } as const;
const rolesManage = { kind: 'permission', permission: accessPermissions.rolesManage.name } as const;

/** Setting up, signing in and out. */
export const sessionRoutes = {
  setupPage: defineRoute({
    id: 'setup.page',
    method: 'GET',
    path: '/setup',
    summary: { en: 'Page that makes the first administrator', zh: '创建首位管理员的页面' },
    access: isPublic,
    query: z.object({ lang: z.enum(['en', 'zh']).optional() }),
    stream: 'text/html',
    errors: [],
    example: {},
  }),
  setup: defineRoute({
    id: 'setup.complete',
    method: 'POST',
    path: '/api/v1/setup',
    summary: {
      en: 'Make the first administrator, with the one-time code',
      zh: '使用一次性代码创建首位管理员',
    },
    access: isPublic,
    body: z.object({ code: z.string().min(1).max(128), name: UserName, password: Password, ...TokenWish }),
    response: SignedIn,
    errors: ['SETUP_CODE_WRONG', 'SETUP_DONE', 'PASSWORD_WEAK', 'TOO_MANY_REQUESTS'],
    example: { body: { code: 'not-the-code', name: 'ada', password: 'correct horse battery' } },
  }),
  signIn: defineRoute({
    id: 'session.create',
    method: 'POST',
    path: '/api/v1/session',
    summary: { en: 'Sign in with name and password', zh: '使用用户名和密码登录' },
    access: isPublic,
    body: z.object({ name: UserName, password: Password, ...TokenWish }),
    response: SignedIn,
    errors: ['SIGN_IN_FAILED', 'TOO_MANY_REQUESTS', 'CROSS_SITE_REFUSED'],
    example: { body: { name: 'ada', password: 'correct horse battery' } },
  }),
  signOut: defineRoute({
    id: 'session.delete',
    method: 'DELETE',
    path: '/api/v1/session',
    summary: {
      en: 'Sign out: ends this session, or revokes the token that asks',
      zh: '退出：结束当前会话，或吊销所用令牌',
    },
    access: signedIn,
    errors: [],
    example: {},
  }),
  me: defineRoute({
    id: 'session.me',
    method: 'GET',
    path: '/api/v1/me',
    summary: { en: 'Who I am and what I may do', zh: '我是谁、有哪些权限' },
    access: signedIn,
    response: Me,
    errors: [],
    example: {},
  }),
  changePassword: defineRoute({
    id: 'session.change-password',
    method: 'POST',
    path: '/api/v1/me/password',
    summary: {
      en: 'Change my password; ends my other sessions',
      zh: '修改我的密码，并结束我的其他会话',
    },
    access: signedIn,
    body: z.object({ current: Password, next: Password }),
    errors: ['SIGN_IN_FAILED', 'PASSWORD_WEAK', 'TOO_MANY_REQUESTS'],
    example: { body: { current: 'correct horse battery', next: 'another horse battery' } },
  }),
  oidcStart: defineRoute({
    id: 'session.oidc-start',
    method: 'GET',
    path: '/api/v1/oidc/start',
    summary: { en: 'Begin single sign-on: redirects to the provider', zh: '开始单点登录：跳转到身份提供方' },
    access: isPublic,
    stream: 'text/plain',
    errors: ['OIDC_OFF', 'OIDC_FAILED', 'TOO_MANY_REQUESTS'],
    example: {},
  }),
  oidcCallback: defineRoute({
    id: 'session.oidc-callback',
    method: 'GET',
    path: '/api/v1/oidc/callback',
    summary: { en: 'Where the provider sends people back', zh: '身份提供方的回调地址' },
    access: isPublic,
    query: z.looseObject({ state: z.string().max(256).optional() }),
    stream: 'text/plain',
    errors: ['OIDC_OFF', 'OIDC_FAILED', 'OIDC_NO_ROLE'],
    example: {},
  }),
} as const;

export const apiTokenRoutes = {
  list: defineRoute({
    id: 'api-tokens.list',
    method: 'GET',
    path: '/api/v1/api-tokens',
    summary: { en: 'My API tokens, without their secrets', zh: '我的 API 令牌（不含密钥）' },
    access: signedIn,
    query: PageQuery,
    response: pageOf(ApiToken),
    errors: [],
    example: {},
  }),
  create: defineRoute({
    id: 'api-tokens.create',
    method: 'POST',
    path: '/api/v1/api-tokens',
    summary: { en: 'Make an API token; its secret is shown this once', zh: '创建 API 令牌，密钥仅显示一次' },
    access: signedIn,
    body: z.object({
      name: TokenName,
      roles: RoleNames.nullable().default(null),
      /** Days until it expires; null: never. */
      expiresInDays: z.number().int().min(1).max(3650).nullable().default(90),
    }),
    response: ApiToken.extend({ secret: z.string() }),
    errors: ['NOT_FOUND'],
    example: { body: { name: 'nightly', roles: ['reader'], expiresInDays: 30 } },
  }),
  revoke: defineRoute({
    id: 'api-tokens.revoke',
    method: 'DELETE',
    path: '/api/v1/api-tokens/{id}',
    summary: {
      en: 'Revoke an API token: mine, or with users.manage anybody’s',
      zh: '吊销 API 令牌：自己的，或（有 users.manage 权限时）任何人的',
    },
    access: signedIn,
    params: UserParams,
    errors: ['NOT_FOUND'],
    example: { params: { id: 'k_00000000000000000' } },
  }),
} as const;

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
