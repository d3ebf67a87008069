import { defineMessages, type Language, type PermissionSpec, type Role } from '@pilothouse/contract';

export const ADMINISTRATOR = 'administrator';

const DESCRIPTIONS = defineMessages({
  [ADMINISTRATOR]: {
    en: 'Everything, people and roles included',
    zh: '全部权限，包括用户和角色',
  },
  operator: {
    en: 'All work on hosts, up to interrupting them; no people and roles',
    zh: '主机上的全部工作，包括会造成中断的操作；不含用户和角色',
  },
  reader: { en: 'Look at everything, change nothing', zh: '可查看一切，不可更改' },
});

/** A role as its reader sees it: what those of every installation are for is said in both languages. */
export function roleIn(language: Language, role: Role): Role {
  const known = Object.entries(DESCRIPTIONS).find(([name]) => role.isBuiltIn && name === role.name);
  return known === undefined ? role : { ...role, description: known[1][language] };
}

/** The roles every installation has. Those of operator and reader follow from what the permissions say of themselves. */
export function builtInRoles(permissions: readonly PermissionSpec[]): Role[] {
  const named = (isIn: (permission: PermissionSpec) => boolean): string[] =>
    permissions.filter(isIn).map((permission) => permission.name);
  const role = (name: keyof typeof DESCRIPTIONS, grant: Omit<Role['grants'][number], 'hosts'>): Role => ({
    name,
    description: DESCRIPTIONS[name].en,
    // A role without a permission has no grant: a grant names at least one.
    grants: grant.permissions.length === 0 ? [] : [{ ...grant, hosts: 'true' }],
    isBuiltIn: true,
    etag: 'built-in',
  });
  return [
    role(ADMINISTRATOR, {
      permissions: ['*'],
      effectMax: 'destructive',
    }),
    role('operator', {
      permissions: named((permission) => permission.scope === 'hosts' || permission.isRead),
      effectMax: 'disruptive',
    }),
    role('reader', {
      permissions: named((permission) => permission.isRead),
      effectMax: 'read',
    }),
  ];
}
