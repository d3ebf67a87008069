/** What changes while a password is hashed, which takes tens of milliseconds and longer in a queue. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Role } from '@pilothouse/contract';
import { openTestContext } from '../open-test-context.ts';
import type { AccessParts } from './access-deps.ts';
import { accessMigrations } from './migrations.ts';
import { userStore } from './store.ts';
import { createUsers, newUserRow } from './users.ts';

test('nobody is given a role that was removed meanwhile: whoever makes one of that name later would give it to them', async (t) => {
  const context = await openTestContext([accessMigrations]);
  t.after(() => context.store.close());
  const role: Role = { name: 'night', description: '', grants: [], isBuiltIn: false, etag: '1' };
  const roles = new Map([[role.name, role]]);
  // The room reads no more of its parts here.
  const parts = {
    context,
    roles: { roles },
    permissions: new Map(),
    audit: { append: async () => {} },
    rightsChanged: () => {},
    passwords: {
      async hash() {
        roles.delete(role.name);
        return 'hash';
      },
    },
  } as unknown as AccessParts;
  const users = createUsers(parts);
  const by = { actor: { kind: 'user' as const, id: 'u_1', name: 'ada' }, requestId: 'r', grants: [] };
  const ben = newUserRow(parts, { name: 'ben' });
  await context.store.transaction((transaction) => userStore.insert(transaction, ben));
  const password = 'correct horse battery';

  const made = users.create(by, { name: 'cai', password, roles: ['night'] });
  await assert.rejects(made, { code: 'NOT_FOUND' });
  roles.set(role.name, role);
  const changed = users.update(by, 'ben', { password, roles: ['night'], ifMatch: null });
  await assert.rejects(changed, { code: 'NOT_FOUND' });

  assert.deepEqual((await userStore.rolesOf(context.store, [ben.id])).get(ben.id), []);
});
