import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import { openTestFacts, testSpecs } from '../facts/open-test-facts.ts';
import { createSelect } from './create-select.ts';

const debian = { id: 'debian', versionId: '12' };

async function openSelect(t: Parameters<typeof openTestFacts>[0]) {
  const room = await openTestFacts(t);
  const { hosts, groups, store } = room.registry;
  const select = createSelect({ facts: room.facts, hosts, groups, factSpecs: testSpecs });
  const verdict = (text: string, id: string) => {
    const host = hosts.index.get(id);
    assert.ok(host !== undefined);
    return select.compile(text).evaluate(host);
  };
  const putGroup = (path: string, selector: string | null) =>
    store.transaction((transaction) => groups.put(transaction, { path, description: '', selector }));
  return { ...room, select, verdict, putGroup };
}

test('a group holds hosts by its selector, and those of the groups below it', async (t) => {
  const { registry, verdict, putGroup, give } = await openSelect(t);
  const id = await registry.add({ labels: { role: 'web' } });
  await putGroup('bj1/debian', 'os.id == "debian"');
  await putGroup('web', 'label.role == "web"');

  const before = verdict('inGroup("bj1")', id);
  await give(id, 'os', debian);

  assert.equal(before, 'unknown');
  assert.equal(verdict('inGroup("bj1") && inGroup("web")', id), 'true');
  assert.equal(verdict('"bj1/debian" in groups', id), 'true');
  assert.equal(verdict('inGroup("bj1") == (os.id == "openEuler")', id), 'false');
  assert.equal(verdict('inGroup("nowhere")', id), 'false');
});

test('a fixed group decides while a selector beside it cannot', async (t) => {
  const { registry, verdict, putGroup } = await openSelect(t);
  const id = await registry.add({ groups: ['bj1/web'] });
  await putGroup('bj1/debian', 'os.id == "debian"');

  assert.equal(verdict('inGroup("bj1")', id), 'true');
  assert.equal(verdict('inGroup("bj1/debian")', id), 'unknown');
  assert.equal(verdict('"bj1/web" in groups', id), 'unknown', 'the list as a whole is not known');
});

test('a selector asks for the facts of the groups that it may reach, and warms them', async (t) => {
  const { registry, select, putGroup, give } = await openSelect(t);
  const id = await registry.add();
  await give(id, 'os', debian);
  await putGroup('debian', 'os.id == "debian"');

  const selector = select.compile('inGroup("debian")');

  assert.deepEqual(selector.facts, ['os']);
  assert.deepEqual(selector.groupRefs, ['debian']);
  assert.equal(select.compile('label.a == "b"').groupRefs?.length, 0);
  assert.equal(select.compile('groups.size() > 1').groupRefs, null);
  const { matched } = await select.run('inGroup("debian")');
  assert.deepEqual(
    matched.map((host) => host.id),
    [id],
  );
});

test('a group whose selector changes changes at once', async (t) => {
  const { registry, verdict, putGroup } = await openSelect(t);
  const id = await registry.add({ labels: { role: 'web' } });
  await putGroup('g', 'label.role == "web"');

  const before = verdict('inGroup("g")', id);
  await putGroup('g', 'label.role == "db"');

  assert.deepEqual([before, verdict('inGroup("g")', id)], ['true', 'false']);
});

test('groups that ask for each other are undetermined instead of endless', async (t) => {
  const { registry, verdict, putGroup } = await openSelect(t);
  const id = await registry.add();
  await putGroup('a', 'inGroup("b")');
  await putGroup('b', 'inGroup("a")');

  assert.equal(verdict('inGroup("a")', id), 'unknown');
});

test('a scope sees fixed lists alone, so a host cannot report itself into one', async (t) => {
  const { registry, select, putGroup, give } = await openSelect(t);
  const id = await registry.add();
  await give(id, 'os', debian);
  const scope = select.compileScope('inGroup("ours")');
  await putGroup('ours/debian', 'os.id == "debian"');
  await putGroup('theirs', 'os.id == "debian"');

  const host = registry.hosts.index.get(id);
  assert.ok(host !== undefined);

  assert.equal(select.compile('inGroup("ours")').evaluate(host), 'true');
  assert.equal(scope.evaluate(host), 'false');
  assert.throws(
    () => select.compileScope('inGroup("theirs")'),
    (error) => isAppError(error) && error.code === 'SELECTOR_NOT_A_SCOPE',
  );
});
