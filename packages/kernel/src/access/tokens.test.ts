import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_TOKENS_MAX } from '@pilothouse/contract';
import { openTestContext } from '../open-test-context.ts';
import type { Doer } from './access-deps.ts';
import { accessMigrations } from './migrations.ts';
import { tokenStore } from './store.ts';
import { createTokens } from './tokens.ts';

const doer: Doer = { actor: { kind: 'user', id: 'u_1', name: 'ann' }, requestId: 'q_1', grants: [] };

test('nobody has more than so many tokens; those that have expired make room', async (t) => {
  const context = await openTestContext([accessMigrations]);
  t.after(() => context.store.close());
  const { clock, store } = context;
  const tokens = createTokens({ context, audit: { append: async () => {} } });
  const make = (userId = 'u_1') =>
    tokens.create(doer, { userId, name: 'more', roles: null, expiresInDays: null });
  await store.transaction(async (transaction) => {
    for (let n = 0; n < API_TOKENS_MAX; n++)
      await tokenStore.insert(transaction, {
        id: `k_${n}`,
        user_id: 'u_1',
        name: 'nightly',
        secret_hash: `${n}`,
        roles: null,
        created_at: 0,
        expires_at: n < 2 ? clock.now() + 1000 : null,
        used_at: null,
      });
  });
  const isTooMany = (cause: { code?: string }) => cause.code === 'TOKENS_TOO_MANY';

  await assert.rejects(make(), isTooMany);
  await make('u_2');
  clock.advance(1000);
  await make();
  await make();
  await assert.rejects(make(), isTooMany);
});
