import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import { isWithin } from './group-tree.ts';
import { openTestHosts } from './open-test-hosts.ts';

test('a path holds what lies below it, and not what merely begins like it', () => {
  assert.equal(isWithin('bj1/row2', 'bj1'), true);
  assert.equal(isWithin('bj1', 'bj1'), true);
  assert.equal(isWithin('bj10', 'bj1'), false);
  assert.equal(isWithin('bj1', 'bj1/row2'), false);
});

test('members of a fixed group show on their entries and survive a start', async (t) => {
  const { store, hosts, groups, add, reopen } = await openTestHosts(t);
  const [a, b] = [await add(), await add()];

  await store.transaction(async (transaction) => {
    await groups.put(transaction, { path: 'bj1/web', description: 'web', selector: null });
    await groups.setMembers(transaction, 'bj1/web', { add: [a, b], remove: [] });
  });
  await store.transaction((transaction) =>
    groups.setMembers(transaction, 'bj1/web', { add: [], remove: [a] }),
  );

  assert.deepEqual(hosts.index.get(a)?.groups, []);
  assert.deepEqual(hosts.index.get(b)?.groups, ['bj1/web']);
  const restarted = await reopen();
  assert.deepEqual(restarted.hosts.index.get(b)?.groups, ['bj1/web']);
  assert.deepEqual([...restarted.groups.groups.keys()], ['bj1/web']);
});

test('a fixed group that becomes a selector loses its members', async (t) => {
  const { store, hosts, groups, add } = await openTestHosts(t);
  const id = await add({ groups: ['web'] });

  await store.transaction((transaction) =>
    groups.put(transaction, { path: 'web', description: '', selector: 'label.role == "web"' }),
  );

  assert.deepEqual(hosts.index.get(id)?.groups, []);
  await assert.rejects(
    store.transaction((transaction) => groups.setMembers(transaction, 'web', { add: [id], remove: [] })),
    (error) => isAppError(error) && error.code === 'GROUP_NOT_FIXED',
  );
  await assert.rejects(
    add({ groups: ['web'] }),
    (error) => isAppError(error) && error.code === 'GROUP_NOT_FIXED',
  );
});

test('a removed group leaves its hosts', async (t) => {
  const { store, hosts, groups, add } = await openTestHosts(t);
  const id = await add({ groups: ['web'] });

  await store.transaction((transaction) => groups.remove(transaction, 'web'));

  assert.deepEqual(hosts.index.get(id)?.groups, []);
  assert.equal(groups.groups.size, 0);
});
