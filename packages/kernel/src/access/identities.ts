import { type Actor, AppError } from '@pilothouse/contract';
import type { AccessParts } from './access-deps.ts';
import { type CompiledGrant, createPrincipal } from './principal.ts';
import type { Principal } from './service.ts';
import { type UserRow, userStore } from './store.ts';

/** What this room knows of a principal beyond its face. */
export interface Identity {
  readonly user: UserRow;
  readonly grants: readonly CompiledGrant[];
  readonly roleNames: readonly string[];
  readonly by: { readonly kind: 'session' | 'token' | 'delegate'; readonly id: string };
  /** Role names it is limited to, as a token may be; null: no limit. */
  readonly allowed: readonly string[] | null;
}

export type IdentitySource = Pick<Identity, 'by' | 'allowed'> & { readonly actor: Actor };

/** Principals with the rights that their accounts have at the moment when they are made. */
export interface Identities {
  make(user: UserRow, source: IdentitySource): Promise<Principal>;
  /** Null of a principal that was not made here. */
  find(principal: Principal): Identity | null;
  /** AppError UNAUTHENTICATED. */
  of(principal: Principal): Identity;
}

export function createIdentities({ context, roles }: Pick<AccessParts, 'context' | 'roles'>): Identities {
  const identities = new WeakMap<Principal, Identity>();
  const find = (principal: Principal): Identity | null => identities.get(principal) ?? null;
  return {
    async make(user, { actor, allowed, by }) {
      const all = (await userStore.rolesOf(context.store, [user.id])).get(user.id) ?? [];
      const roleNames = allowed === null ? all : all.filter((role) => allowed.includes(role));
      const grants = roles.grantsOf(roleNames);
      const principal = createPrincipal(actor, grants, { id: user.id, name: user.name });
      identities.set(principal, { user, grants, roleNames, by, allowed });
      return principal;
    },
    find,
    of(principal) {
      const identity = find(principal);
      if (identity === null) throw new AppError('UNAUTHENTICATED');
      return identity;
    },
  };
}
