import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type Role } from '@pilothouse/contract';
import { openTestContext } from '../open-test-context.ts';
import type { AccessParts } from './access-deps.ts';
import { createAuthentication, SESSION_COOKIE } from './authenticate.ts';
import { createIdentities } from './identities.ts';
import { accessMigrations } from './migrations.ts';
import { hashSecret } from './secrets.ts';
import { sessionStore, tokenStore, userStore } from './store.ts';
import { newUserRow } from './users.ts';

const DAY_MS = 86_400_000;

test('a store that takes nothing, since its disk is full, keeps nobody out who may be let in', async (t) => {
  const context = await openTestContext([accessMigrations]);
  const { clock, store } = context;
  t.after(() => store.close());
  const full: AccessParts['context'] = {
    ...context,
    store: {
      engine: store.engine,
      as: () => store.as(),
      migrate: async () => {},
      close: async () => {},
      transaction: async () => {
        throw new AppError('STORE_FULL');
      },
    },
  };
  // Who is let in is decided by no more of the parts than these.
  const parts = { context: full, roles: { roles: new Map<string, Role>(), grantsOf: () => [] } } as unknown;
  const { authenticate } = createAuthentication(parts as AccessParts, createIdentities(parts as AccessParts));
  const ada = newUserRow(parts as AccessParts, { name: 'ada' });
  const at = { user_id: ada.id, created_at: clock.now() - DAY_MS, used_at: clock.now() - 3_600_000 };
  await store.transaction(async (transaction) => {
    await userStore.insert(transaction, ada);
    await sessionStore.insert(transaction, { ...at, id: 's_1', secret_hash: hashSecret('phs_a') });
    const token = { name: 'test', roles: null, expires_at: null, used_at: null };
    await tokenStore.insert(transaction, { ...at, ...token, id: 'k_1', secret_hash: hashSecret('pha_a') });
  });

  const bySession = await authenticate({ authorization: undefined, cookie: `${SESSION_COOKIE}=phs_a` });
  const byToken = await authenticate({ authorization: 'Bearer pha_a', cookie: undefined });

  assert.equal(bySession?.principal.person?.name, 'ada');
  assert.equal(byToken?.principal.person?.name, 'ada');
});
