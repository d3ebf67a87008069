import { Grant, type PermissionSpec, type Role } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import { z } from 'zod';
import type { KernelContext } from '../kernel-context.ts';
import type { SelectService } from '../select/service.ts';
import { builtInRoles } from './built-in-roles.ts';
import { type CompiledGrant, compileGrant } from './principal.ts';
import { type RoleRow, roleStore } from './store.ts';

/** The roles of this installation in memory, each compiled once: every request reads them. */
export interface RoleBook {
  readonly roles: ReadonlyMap<string, Role>;
  /** Grants of the roles that exist; names without a role give nothing. */
  grantsOf(roleNames: readonly string[]): CompiledGrant[];
  load(): Promise<void>;
  /** Both take effect when the transaction that wrote the same is committed. */
  put(transaction: Transaction, role: Role): void;
  remove(transaction: Transaction, name: string): void;
}

export interface RoleBookOptions {
  readonly context: KernelContext;
  readonly permissions: ReadonlyMap<string, PermissionSpec>;
  readonly select: Pick<SelectService, 'compileScope'>;
  /** Called when a role is another than before. */
  readonly rightsChanged: () => void;
}

const Grants = z.array(Grant);

export function createRoleBook({ context, permissions, select, rightsChanged }: RoleBookOptions): RoleBook {
  const roles = new Map<string, Role>();
  const compiled = new Map<string, CompiledGrant[]>();

  const set = (role: Role): void => {
    roles.set(role.name, role);
    const grants = role.grants.flatMap((grant) => compiledOrNothing(role.name, grant));
    compiled.set(role.name, grants);
  };

  const compiledOrNothing = (name: string, grant: Grant): CompiledGrant[] => {
    try {
      return [compileGrant(grant, permissions, select)];
    } catch (error) {
      // It compiled when it was saved, so the selector language changed since. Others of the role still hold.
      context.log.error('grant of a role does not compile and gives nothing', { role: name, error });
      return [];
    }
  };

  return {
    roles,
    grantsOf: (names) => names.flatMap((name) => compiled.get(name) ?? []),
    async load() {
      const rows = await roleStore.all(context.store);
      roles.clear();
      compiled.clear();
      for (const role of builtInRoles([...permissions.values()])) set(role);
      for (const row of rows) set(roleOf(row));
    },
    put(transaction, role) {
      transaction.afterCommit(() => {
        set(role);
        rightsChanged();
      });
    },
    remove(transaction, name) {
      transaction.afterCommit(() => {
        roles.delete(name);
        compiled.delete(name);
      });
    },
  };
}

const roleOf = (row: RoleRow): Role => ({
  name: row.name,
  description: row.description,
  grants: Grants.parse(JSON.parse(row.grants)),
  isBuiltIn: false,
  etag: String(row.version),
});
