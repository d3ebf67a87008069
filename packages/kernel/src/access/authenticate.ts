import { DAY_MS, HOUR_MS, MINUTE_MS } from '@pilothouse/base';
import { type Actor, AppError } from '@pilothouse/contract';
import type { Authenticator } from '../http/index.ts';
import type { Delegate, Delegates } from '../schedules/service.ts';
import type { AccessParts, Doer } from './access-deps.ts';
import { type CompiledGrant, createPrincipal } from './principal.ts';
import { readCookie } from './read-cookie.ts';
import { hashSecret } from './secrets.ts';
import type { Principal } from './service.ts';
import { sessionStore, tokenStore, type UserRow, userStore } from './store.ts';
import { rolesOfToken } from './tokens.ts';

/** `__Host-`: browsers take it only over TLS, for this host alone and all of its paths. */
export const SESSION_COOKIE = '__Host-pilothouse';
export const SESSION_AGE_MS_MAX = 7 * DAY_MS;
export const SESSION_IDLE_MS_MAX = 12 * HOUR_MS;
/** `used_at` is for people and for the idle limit; a write per request would cost more than it tells. */
const TOUCH_EVERY_MS = 5 * MINUTE_MS;

/** What this room knows of a principal beyond its face. */
export interface Identity {
  readonly user: UserRow;
  readonly grants: readonly CompiledGrant[];
  readonly roleNames: readonly string[];
  readonly by: { readonly kind: 'session' | 'token'; readonly id: string };
  /** Role names a token is limited to; null: no limit. */
  readonly allowed: readonly string[] | null;
}

export interface Authentication extends Authenticator, Delegates {
  /** Of a principal that came from here. */
  identityOf(principal: Principal): Identity;
  doerOf(principal: Principal, requestId: string): Doer;
}

/** Every request is judged by the store as it is now: revoking, disabling and expiry hold from the next request on. */
export function createAuthentication(parts: AccessParts): Authentication {
  const { store, clock } = parts.context;
  const identities = new WeakMap<Principal, Identity>();

  const principalOf = async (row: UserRow, identity: IdentitySource): Promise<Principal> => {
    const roles = (await userStore.rolesOf(store, [row.id])).get(row.id) ?? [];
    const { allowed } = identity;
    const roleNames = allowed === null ? roles : roles.filter((role) => allowed.includes(role));
    const grants = parts.roles.grantsOf(roleNames);
    const principal = createPrincipal(identity.actor, grants, { id: row.id, name: row.name });
    identities.set(principal, { user: row, grants, roleNames, by: identity.by, allowed });
    return principal;
  };

  const bySession = async (secret: string): Promise<Principal | null> => {
    const session = await sessionStore.find(store, hashSecret(secret));
    if (session === undefined) return null;
    const now = clock.now();
    if (session.created_at < now - SESSION_AGE_MS_MAX || session.used_at < now - SESSION_IDLE_MS_MAX)
      return null;
    const user = await userStore.byId(store, session.user_id);
    if (user === undefined || user.is_disabled === 1) return null;
    if (session.used_at < now - TOUCH_EVERY_MS) {
      await store.transaction((transaction) => sessionStore.touch(transaction, session.id, now));
    }
    const actor = { kind: 'user' as const, id: user.id, name: user.name };
    return principalOf(user, { actor, allowed: null, by: { kind: 'session', id: session.id } });
  };

  const byToken = async (secret: string): Promise<Principal> => {
    const token = await tokenStore.findBySecret(store, hashSecret(secret));
    const now = clock.now();
    if (token === undefined || (token.expires_at !== null && token.expires_at <= now)) {
      throw new AppError('TOKEN_INVALID');
    }
    const user = await userStore.byId(store, token.user_id);
    if (user === undefined || user.is_disabled === 1) throw new AppError('TOKEN_INVALID');
    if (token.used_at === null || token.used_at < now - TOUCH_EVERY_MS) {
      await store.transaction((transaction) => tokenStore.touch(transaction, token.id, now));
    }
    const actor = { kind: 'token' as const, id: token.id, name: `${user.name}/${token.name}` };
    return principalOf(user, { actor, allowed: rolesOfToken(token), by: { kind: 'token', id: token.id } });
  };

  const identityOf = (principal: Principal): Identity => {
    const identity = identities.get(principal);
    if (identity === undefined) throw new AppError('UNAUTHENTICATED');
    return identity;
  };

  return {
    nobody: createPrincipal({ kind: 'system', id: 'nobody', name: 'nobody' }, []),
    async authenticate({ authorization, cookie }) {
      if (authorization !== undefined)
        return { principal: await byToken(bearerOf(authorization)), by: 'token' };
      const secret = readCookie(cookie ?? '', SESSION_COOKIE);
      if (secret === null) return null;
      const principal = await bySession(secret);
      return principal === null ? null : { principal, by: 'cookie' };
    },
    identityOf,
    delegateOf(principal) {
      const identity = identities.get(principal);
      if (identity === undefined) return null;
      const { user, allowed } = identity;
      return { userId: user.id, userName: user.name, roles: allowed };
    },
    async principalOf({ userId, roles }: Delegate) {
      const user = await userStore.byId(store, userId);
      if (user === undefined || user.is_disabled === 1) return null;
      const actor = { kind: 'user' as const, id: user.id, name: user.name };
      return principalOf(user, { actor, allowed: roles, by: { kind: 'session', id: 'delegate' } });
    },
    doerOf: (principal, requestId) => ({
      actor: principal.actor,
      requestId,
      grants: identityOf(principal).grants,
    }),
  };
}

interface IdentitySource {
  readonly actor: Actor;
  /** Role names a token is limited to; null: no limit. */
  readonly allowed: readonly string[] | null;
  readonly by: Identity['by'];
}

function bearerOf(authorization: string): string {
  const secret = /^Bearer\s+([\w.~+/=-]{1,256})$/i.exec(authorization)?.[1];
  if (secret === undefined) throw new AppError('TOKEN_INVALID');
  return secret;
}
