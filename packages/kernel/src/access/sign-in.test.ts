/** What changes while a password is looked at, which takes tens of milliseconds and longer in a queue. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openTestContext } from '../open-test-context.ts';
import type { AccessParts } from './access-deps.ts';
import { accessMigrations } from './migrations.ts';
import { createSignIn } from './sign-in.ts';
import { sessionStore, type UserRow, userStore } from './store.ts';
import { createTokens } from './tokens.ts';
import { newUserRow } from './users.ts';

async function openRoom(t: TestContext) {
  const context = await openTestContext([accessMigrations]);
  t.after(() => context.store.close());
  let meanwhile = async (): Promise<void> => {};
  const audited: string[] = [];
  // The room reads no more of its parts here.
  const parts = {
    context,
    audit: { append: async (_, records) => void audited.push(...records.map(({ action }) => action)) },
    passwords: {
      hash: async (password) => `hash of ${password}`,
      async verify(hashed, password) {
        await meanwhile();
        return hashed === `hash of ${password}`;
      },
    },
  } satisfies Partial<AccessParts> as unknown as AccessParts;
  const ada = newUserRow(parts, { name: 'ada', password_hash: 'hash of an old password' });
  await context.store.transaction((transaction) => userStore.insert(transaction, ada));
  const signIn = createSignIn(parts, createTokens(parts));
  const change = (changes: Partial<UserRow>) =>
    context.store.transaction(async (transaction) => {
      await userStore.update(transaction, ada.id, changes);
      await sessionStore.deleteOf(transaction, ada.id, null);
    });
  return {
    ada,
    audited,
    signIn,
    change,
    inTheMeantime: (run: () => Promise<void>) => void (meanwhile = run),
    hashNow: async () => (await userStore.byId(context.store, ada.id))?.password_hash,
  };
}

const REQUEST = { address: '192.0.2.1', requestId: 'r', tokenName: 'test' };

test('a password that is replaced, or an account that is disabled, while it is looked at lets nobody in', async (t) => {
  const room = await openRoom(t);
  for (const changes of [{ is_disabled: 1 }, { is_disabled: 0, password_hash: 'hash of another' }]) {
    await room.change({ is_disabled: 0, password_hash: 'hash of an old password' });
    room.inTheMeantime(() => room.change(changes));

    await assert.rejects(room.signIn.withPassword('ada', 'an old password', REQUEST), {
      code: 'SIGN_IN_FAILED',
    });
  }
  assert.deepEqual(new Set(room.audited), new Set(['session.sign-in-failed']));
});

test('who knew the old password cannot undo a new one that an administrator has just given', async (t) => {
  const room = await openRoom(t);
  room.inTheMeantime(() => room.change({ password_hash: 'hash of what the administrator gave' }));

  const changed = room.signIn.changePassword(room.ada, {
    current: 'an old password',
    next: 'a password of the thief',
    sessionId: null,
    address: '192.0.2.1',
    requestId: 'r',
  });

  await assert.rejects(changed, { code: 'SIGN_IN_FAILED' });
  assert.equal(await room.hashNow(), 'hash of what the administrator gave');
});
