import type { PermissionSpec, Role } from '@pilothouse/contract';

export const ADMINISTRATOR = 'administrator';

/** The roles every installation has. Those of operator and reader follow from what the permissions say of themselves. */
export function builtInRoles(permissions: readonly PermissionSpec[]): Role[] {
  const named = (isIn: (permission: PermissionSpec) => boolean): string[] =>
    permissions.filter(isIn).map((permission) => permission.name);
  const role = (name: string, description: string, grant: Omit<Role['grants'][number], 'hosts'>): Role => ({
    name,
    description,
    // A role without a permission has no grant: a grant names at least one.
    grants: grant.permissions.length === 0 ? [] : [{ ...grant, hosts: 'true' }],
    isBuiltIn: true,
    etag: 'built-in',
  });
  return [
    role(ADMINISTRATOR, 'Everything, people and roles included', {
      permissions: ['*'],
      effectMax: 'destructive',
    }),
    role('operator', 'All work on hosts, up to interrupting them; no people and roles', {
      permissions: named((permission) => permission.scope === 'hosts' || permission.isRead),
      effectMax: 'disruptive',
    }),
    role('reader', 'Look at everything, change nothing', {
      permissions: named((permission) => permission.isRead),
      effectMax: 'read',
    }),
  ];
}
