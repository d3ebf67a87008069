import { DAY_MS, newId } from '@pilothouse/base';
import {
  API_TOKENS_MAX,
  type ApiToken,
  AppError,
  type Page,
  type PageQuery,
  toTimestamp,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import { cutPage, heldText, readCursor } from '../page-cursor.ts';
import type { AccessParts, Doer } from './access-deps.ts';
import { hashSecret, newSecret } from './secrets.ts';
import { type TokenRow, tokenStore } from './store.ts';

export interface NewToken {
  readonly userId: string;
  readonly name: string;
  /** Null: all roles of its owner. */
  readonly roles: readonly string[] | null;
  readonly expiresInDays: number | null;
}

/** API tokens: what programs sign in with. A token holds its owner's roles or fewer, never more. */
export interface Tokens {
  page(userId: string, query: PageQuery): Promise<Page<ApiToken>>;
  create(doer: Doer, token: NewToken): Promise<ApiToken & { secret: string }>;
  /** The same inside a transaction that does more. */
  issue(transaction: Transaction, doer: Doer, token: NewToken): Promise<ApiToken & { secret: string }>;
  /** NOT_FOUND unless it is `ownerId`'s; `ownerId` null: anybody's. */
  revoke(doer: Doer, id: string, ownerId: string | null): Promise<void>;
}

export function createTokens(parts: Pick<AccessParts, 'context' | 'audit'>): Tokens {
  const { store } = parts.context;
  const issue: Tokens['issue'] = async (transaction, doer, token) => {
    const now = parts.context.clock.now();
    await makeRoom(transaction, token.userId, now);
    const secret = newSecret('pha', parts.context.ids);
    const row: TokenRow = {
      id: newId('k', parts.context.ids),
      user_id: token.userId,
      name: token.name,
      secret_hash: hashSecret(secret),
      roles: token.roles === null ? null : JSON.stringify(token.roles),
      created_at: now,
      expires_at: token.expiresInDays === null ? null : now + token.expiresInDays * DAY_MS,
      used_at: null,
    };
    await tokenStore.insert(transaction, row);
    const details = { id: row.id, roles: token.roles === null ? null : [...token.roles] };
    const { actor, requestId } = doer;
    await parts.audit.append(transaction, [
      { actor, action: 'api-token.created', subject: row.name, details, requestId },
    ]);
    return { ...tokenOf(row), secret };
  };
  return {
    async page(userId, query) {
      const after = readCursor(query.cursor, heldText) ?? '';
      const rows = await tokenStore.page(store, { userId, after, limit: query.limit + 1 });
      const page = cutPage(rows, query.limit, ({ id }) => id);
      return { ...page, items: page.items.map(tokenOf) };
    },
    create: (doer, token) => store.transaction((transaction) => issue(transaction, doer, token)),
    issue,
    revoke: (doer, id, ownerId) =>
      store.transaction(async (transaction) => {
        const row = await tokenStore.find(transaction, id);
        if (row === undefined || (ownerId !== null && row.user_id !== ownerId)) {
          throw new AppError('NOT_FOUND', { what: 'API token', id });
        }
        await tokenStore.delete(transaction, id);
        const { actor, requestId } = doer;
        await parts.audit.append(transaction, [
          { actor, action: 'api-token.revoked', subject: row.name, details: { id }, requestId },
        ]);
      }),
  };
}

/** What has expired goes when its place is needed; until then its owner sees it. */
async function makeRoom(transaction: Transaction, userId: string, now: number): Promise<void> {
  if ((await tokenStore.count(transaction, userId)) < API_TOKENS_MAX) return;
  await tokenStore.deleteExpired(transaction, userId, now);
  if ((await tokenStore.count(transaction, userId)) >= API_TOKENS_MAX)
    throw new AppError('TOKENS_TOO_MANY', { max: API_TOKENS_MAX });
}

const tokenOf = (row: TokenRow): ApiToken => ({
  id: row.id,
  name: row.name,
  userId: row.user_id,
  roles: rolesOfToken(row),
  createdAt: toTimestamp(row.created_at),
  expiresAt: row.expires_at === null ? null : toTimestamp(row.expires_at),
  lastUsedAt: row.used_at === null ? null : toTimestamp(row.used_at),
});

export function rolesOfToken(row: TokenRow): string[] | null {
  if (row.roles === null) return null;
  const roles: unknown = JSON.parse(row.roles);
  if (!Array.isArray(roles)) throw new TypeError(`roles of API token ${row.id} are not a list`);
  return roles.map(String);
}
