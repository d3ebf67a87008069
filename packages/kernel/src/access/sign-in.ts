import { DAY_MS, MINUTE_MS, newId, SECOND_MS } from '@pilothouse/base';
import { AppError, type User } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { NewAuditRecord } from '../audit/service.ts';
import { createRateLimit, networkOf } from '../http/index.ts';
import type { AccessParts } from './access-deps.ts';
import { SESSION_AGE_MS_MAX, SESSION_COOKIE, SESSION_IDLE_MS_MAX } from './authenticate.ts';
import { requireStrongPassword } from './passwords.ts';
import { hashSecret, newSecret } from './secrets.ts';
import { foldName, sessionStore, type UserRow, userStore } from './store.ts';
import type { Tokens } from './tokens.ts';
import { readUser } from './users.ts';

/** Where a sign-in comes from, and how it wants to be remembered. */
export interface SignInRequest {
  readonly address: string;
  readonly requestId: string;
  /** An API token of this name instead of a session; null: a session. */
  readonly tokenName: string | null;
}

export interface SignedIn {
  readonly user: User;
  readonly token: string | null;
  /** Value of Set-Cookie; null with a token. */
  readonly cookie: string | null;
}

export interface SignIn {
  /**
   * AppError TOO_MANY_REQUESTS. Asked before anything that tells whether a name, password or code is right. `name` null: who
   * it is comes later, so that tries are counted by place alone; one count for everybody would let one lock all others out.
   */
  requirePatience(address: string, name: string | null): void;
  withPassword(name: string, password: string, request: SignInRequest): Promise<SignedIn>;
  /** For whoever proved who they are by other means. */
  complete(transaction: Transaction, user: UserRow, request: SignInRequest): Promise<SignedIn>;
  changePassword(user: UserRow, change: PasswordChange): Promise<void>;
  forgetOldSessions(): Promise<void>;
}

export interface PasswordChange {
  readonly current: string;
  readonly next: string;
  /** Stays signed in; null when a token asked. */
  readonly sessionId: string | null;
  readonly address: string;
  readonly requestId: string;
}

/** Many people may share an address behind a gateway; a person mistypes a few times. */
const PER_ADDRESS = { burst: 30, refillMs: 10 * SECOND_MS, keysMax: 10_000 };
const PER_NAME = { burst: 8, refillMs: MINUTE_MS, keysMax: 10_000 };
const LOGIN_TOKEN_DAYS = 90;

export const endedCookie = `${SESSION_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`;

export function createSignIn(parts: AccessParts, tokens: Tokens): SignIn {
  const { store, clock } = parts.context;
  const perAddress = createRateLimit(clock, PER_ADDRESS);
  const perName = createRateLimit(clock, PER_NAME);
  const requirePatience = (address: string, name: string | null): void => {
    const forName = name === null ? 0 : perName.take(foldName(name));
    const seconds = Math.max(perAddress.take(networkOf(address)), forName);
    if (seconds > 0) throw new AppError('TOO_MANY_REQUESTS', { seconds });
  };
  const complete: SignIn['complete'] = (transaction, user, request) =>
    completeSignIn(parts, tokens, { transaction, user, request });
  return {
    requirePatience,
    complete,
    async withPassword(name, password, request) {
      requirePatience(request.address, name);
      const row = await userStore.byName(store, name);
      const isRight = await parts.passwords.verify(row?.password_hash ?? null, password);
      if (row === undefined || !isRight || row.is_disabled === 1) return refuse(parts, name, request);
      const signedIn = await store.transaction(async (transaction) => {
        const now = await stillSame(transaction, row);
        return now === null ? null : complete(transaction, now, request);
      });
      if (signedIn === null) return refuse(parts, name, request);
      perName.forgive(foldName(name));
      return signedIn;
    },
    async changePassword(user, change) {
      requirePatience(change.address, user.name);
      const isRight = await parts.passwords.verify(user.password_hash, change.current);
      if (!isRight) throw new AppError('SIGN_IN_FAILED');
      requireStrongPassword(user.name, change.next);
      const passwordHash = await parts.passwords.hash(change.next);
      await store.transaction(async (transaction) => {
        const now = await stillSame(transaction, user);
        if (now === null) throw new AppError('SIGN_IN_FAILED');
        const version = now.version + 1;
        await userStore.update(transaction, user.id, { password_hash: passwordHash, version });
        await sessionStore.deleteOf(transaction, user.id, change.sessionId);
        const actor = { kind: 'user' as const, id: user.id, name: user.name };
        const { requestId } = change;
        await parts.audit.append(transaction, [
          { actor, action: 'user.password-changed', subject: user.name, details: {}, requestId },
        ]);
      });
    },
    forgetOldSessions: () =>
      store.transaction((transaction) => {
        const now = clock.now();
        // A day more than they serve, so that clocks set back a little do not matter.
        return sessionStore.deleteOld(
          transaction,
          now - SESSION_AGE_MS_MAX - DAY_MS,
          now - SESSION_IDLE_MS_MAX - DAY_MS,
        );
      }),
  };
}

/** The account as it is now; null when it was disabled or got another password while the one that was given was looked at. */
async function stillSame(transaction: Transaction, judged: UserRow): Promise<UserRow | null> {
  const now = await userStore.byId(transaction, judged.id);
  const isSame = now?.is_disabled === 0 && now.password_hash === judged.password_hash;
  return isSame ? now : null;
}

interface Completion {
  readonly transaction: Transaction;
  readonly user: UserRow;
  readonly request: SignInRequest;
}

async function completeSignIn(parts: AccessParts, tokens: Tokens, completion: Completion): Promise<SignedIn> {
  const { transaction, user, request } = completion;
  const { clock, ids } = parts.context;
  const now = clock.now();
  const actor = { kind: 'user' as const, id: user.id, name: user.name };
  const { address, requestId, tokenName } = request;
  await userStore.update(transaction, user.id, { last_sign_in_at: now });
  await parts.audit.append(transaction, [
    { actor, action: 'session.signed-in', subject: user.name, details: { address }, requestId },
  ]);
  const shown = await readUser(transaction, { ...user, last_sign_in_at: now });
  if (tokenName !== null) {
    const wish = { userId: user.id, name: tokenName, roles: null, expiresInDays: LOGIN_TOKEN_DAYS };
    const token = await tokens.issue(transaction, { actor, requestId, grants: [] }, wish);
    return { user: shown, token: token.secret, cookie: null };
  }
  const secret = newSecret('phs', ids);
  const session = { id: newId('s', ids), user_id: user.id, secret_hash: hashSecret(secret) };
  await sessionStore.insert(transaction, { ...session, created_at: now, used_at: now });
  const seconds = SESSION_AGE_MS_MAX / 1000;
  const cookie = `${SESSION_COOKIE}=${secret}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${seconds}`;
  return { user: shown, token: null, cookie };
}

async function refuse(parts: AccessParts, name: string, request: SignInRequest): Promise<never> {
  const { address, requestId } = request;
  const refused: NewAuditRecord = {
    actor: { kind: 'system', id: 'nobody', name: 'nobody' },
    action: 'session.sign-in-failed',
    subject: name,
    details: { address },
    requestId,
  };
  await parts.context.store.transaction((transaction) => parts.audit.append(transaction, [refused]));
  throw new AppError('SIGN_IN_FAILED');
}
