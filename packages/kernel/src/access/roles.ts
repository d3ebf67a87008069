import { nearestName } from '@pilothouse/base';
import { AppError, type Grant, type Page, type PageQuery, type Role } from '@pilothouse/contract';
import { cutPage, heldText, readCursor } from '../page-cursor.ts';
import { type AccessParts, type Doer, requireSameVersion } from './access-deps.ts';
import { isAllHosts } from './principal.ts';
import { requireCovered } from './require-covered.ts';
import { type RoleRow, roleStore, userStore } from './store.ts';

type RoleEdit = Pick<Role, 'name' | 'description' | 'grants'>;

/** Roles of this installation: the built-in ones, which never change, and its own. */
export interface Roles {
  page(query: PageQuery): Page<Role>;
  get(name: string): Role;
  create(doer: Doer, edit: RoleEdit): Promise<Role>;
  update(doer: Doer, edit: RoleEdit, ifMatch: string | null): Promise<Role>;
  delete(doer: Doer, name: string, ifMatch: string | null): Promise<void>;
}

/** Enough for a person to see who holds the role. */
const HOLDERS_SHOWN_MAX = 5;

export function createRoles(parts: AccessParts): Roles {
  const { store } = parts.context;
  const get = (name: string): Role => {
    const role = parts.roles.roles.get(name);
    if (role === undefined) throw new AppError('NOT_FOUND', { what: 'role', id: name });
    return role;
  };
  const getOwn = (name: string, ifMatch: string | null): Role => {
    const role = get(name);
    if (role.isBuiltIn) throw new AppError('ROLE_BUILT_IN', { name });
    requireSameVersion({ what: 'role', id: name, etag: role.etag, ifMatch });
    return role;
  };
  return {
    page(query) {
      const all = [...parts.roles.roles.values()].sort(inListOrder);
      const after = readCursor(query.cursor, heldText);
      const start = after === null ? 0 : all.findIndex(({ name }) => name === after) + 1;
      return cutPage(all.slice(start), query.limit, ({ name }) => name);
    },
    get,
    async create(doer, edit) {
      requireSensibleGrants(parts, doer, edit.grants);
      return store.transaction(async (transaction) => {
        if (parts.roles.roles.has(edit.name)) throw new AppError('ROLE_EXISTS', { name: edit.name });
        const role = { ...edit, isBuiltIn: false, etag: '1' };
        await roleStore.insert(transaction, rowOf(role));
        parts.roles.put(transaction, role);
        await parts.audit.append(transaction, [recordOf(doer, 'role.created', role.name, role.grants)]);
        return role;
      });
    },
    async update(doer, edit, ifMatch) {
      requireSensibleGrants(parts, doer, edit.grants);
      return store.transaction(async (transaction) => {
        const before = getOwn(edit.name, ifMatch);
        // Taking grants away from others is a change of what was given, so the old ones must be covered, too.
        requireCovered(doer.grants, before.grants, parts.permissions);
        const role = { ...edit, isBuiltIn: false, etag: String(Number(before.etag) + 1) };
        await roleStore.update(transaction, rowOf(role));
        parts.roles.put(transaction, role);
        await parts.audit.append(transaction, [recordOf(doer, 'role.changed', role.name, role.grants)]);
        return role;
      });
    },
    delete: (doer, name, ifMatch) =>
      store.transaction(async (transaction) => {
        const role = getOwn(name, ifMatch);
        requireCovered(doer.grants, role.grants, parts.permissions);
        const holders = await userStore.holderNames(transaction, name, HOLDERS_SHOWN_MAX);
        if (holders.length > 0) throw new AppError('ROLE_IN_USE', { name, users: holders.join(', ') });
        await roleStore.delete(transaction, name);
        parts.roles.remove(transaction, name);
        await parts.audit.append(transaction, [recordOf(doer, 'role.deleted', name, role.grants)]);
      }),
  };
}

const inListOrder = (a: Role, b: Role): number =>
  Number(b.isBuiltIn) - Number(a.isBuiltIn) || (a.name < b.name ? -1 : 1);

const rowOf = (role: Role): RoleRow => ({
  name: role.name,
  description: role.description,
  grants: JSON.stringify(role.grants),
  version: Number(role.etag),
});

const recordOf = (doer: Doer, action: string, subject: string, grants: readonly Grant[]) => ({
  actor: doer.actor,
  action,
  subject,
  details: { grants: grants.map((grant) => ({ ...grant })) },
  requestId: doer.requestId,
});

/** Known permissions, each where it means something, with selectors that compile, and no more than the doer holds. */
function requireSensibleGrants(parts: AccessParts, doer: Doer, grants: readonly Grant[]): void {
  for (const grant of grants) {
    for (const permission of grant.permissions) {
      if (permission === '*') continue;
      const spec = parts.permissions.get(permission);
      if (spec === undefined) {
        const nearest = nearestName(permission, [...parts.permissions.keys()]) ?? '';
        throw new AppError('PERMISSION_UNKNOWN', { permission, nearest });
      }
      if (spec.scope === 'global' && !isAllHosts(grant)) {
        throw new AppError('PERMISSION_NOT_BY_HOST', { permission });
      }
    }
    if (!isAllHosts(grant)) parts.select.compileScope(grant.hosts);
  }
  requireCovered(doer.grants, grants, parts.permissions);
}
