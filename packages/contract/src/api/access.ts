import { z } from 'zod';
import { definePermissions, PermissionName, Role } from '../access.ts';
import { Actor } from '../audit.ts';
import { Timestamp } from '../scalars.ts';
import { ruleText } from '../schema-text.ts';

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

export const UserName = z.string().regex(
  /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,127}$/u,
  ruleText({
    en: 'must be a name of letters, digits and . _ @ + - that begins with a letter or digit',
    zh: '必须以字母或数字开头，仅含字母、数字及 . _ @ + -',
  }),
);
/** The upper bound keeps one sign-in from costing more hashing than another. */
export const Password = z.string().min(1).max(256);
export const RoleName = z.string().regex(
  /^[a-z][a-z0-9-]{0,62}$/,
  ruleText({
    en: 'must be a name of small letters, digits and hyphens, such as web-operator',
    zh: '必须由小写字母、数字和连字符组成，例如 web-operator',
  }),
);
export const RoleNames = z.array(RoleName).max(50);

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

export const ApiTokenName = z.string().trim().min(1).max(100);
