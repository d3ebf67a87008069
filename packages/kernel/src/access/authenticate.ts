import { DAY_MS, HOUR_MS, MINUTE_MS } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { Authenticator } from '../http/index.ts';
import type { AccessParts, Doer } from './access-deps.ts';
import type { Identities, Identity } from './identities.ts';
import { createPrincipal } from './principal.ts';
import { readCookie } from './read-cookie.ts';
import { hashSecret } from './secrets.ts';
import type { Principal } from './service.ts';
import { sessionStore, tokenStore, userStore } from './store.ts';
import { rolesOfToken } from './tokens.ts';

/** `__Host-`: browsers take it only over TLS, for this host alone and all of its paths. */
export const SESSION_COOKIE = '__Host-pilothouse';
export const SESSION_AGE_MS_MAX = 7 * DAY_MS;
export const SESSION_IDLE_MS_MAX = 12 * HOUR_MS;
/** `used_at` is for people and for the idle limit; a write per request would cost more than it tells. */
const TOUCH_EVERY_MS = 5 * MINUTE_MS;

export interface Authentication extends Authenticator {
  /** Of a principal that came from here. */
  identityOf(principal: Principal): Identity;
  doerOf(principal: Principal, requestId: string): Doer;
}

/** Every request is judged by the store as it is now: revoking, disabling and expiry hold from the next request on. */
export function createAuthentication(parts: AccessParts, identities: Identities): Authentication {
  const { store, clock, log } = parts.context;
  /** A store that takes nothing just now is read all the same: people have to see what is wrong. */
  const note = (write: (transaction: Transaction) => Promise<void>): Promise<void> =>
    store.transaction(write).catch((cause: unknown) => {
      log.warn('note when credentials were used', { cause });
    });
  const bySession = async (secret: string): Promise<Principal | null> => {
    const session = await sessionStore.find(store, hashSecret(secret));
    if (session === undefined) return null;
    const now = clock.now();
    if (session.created_at < now - SESSION_AGE_MS_MAX || session.used_at < now - SESSION_IDLE_MS_MAX)
      return null;
    const user = await userStore.byId(store, session.user_id);
    if (user === undefined || user.is_disabled === 1) return null;
    if (session.used_at < now - TOUCH_EVERY_MS) {
      await note((transaction) => sessionStore.touch(transaction, session.id, now));
    }
    const actor = { kind: 'user' as const, id: user.id, name: user.name };
    return identities.make(user, { actor, allowed: null, by: { kind: 'session', id: session.id } });
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
      await note((transaction) => tokenStore.touch(transaction, token.id, now));
    }
    const actor = { kind: 'token' as const, id: token.id, name: `${user.name}/${token.name}` };
    return identities.make(user, {
      actor,
      allowed: rolesOfToken(token),
      by: { kind: 'token', id: token.id },
    });
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
    identityOf: (principal) => identities.of(principal),
    doerOf: (principal, requestId) => ({
      actor: principal.actor,
      requestId,
      grants: identities.of(principal).grants,
    }),
  };
}

function bearerOf(authorization: string): string {
  const secret = /^Bearer\s+([\w.~+/=-]{1,256})$/i.exec(authorization)?.[1];
  if (secret === undefined) throw new AppError('TOKEN_INVALID');
  return secret;
}
