import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type GroupSummary,
  type Host,
  type HostsPage,
  isAppError,
  type LabelsChanged,
  type TreeNode,
} from '@pilothouse/contract';
import type { HostScope, Principal } from '../access/service.ts';
import type { NewAuditRecord } from '../audit/service.ts';
import { openTestFacts, testSpecs } from '../facts/open-test-facts.ts';
import { createSelect } from '../select/index.ts';
import { hostsEndpoints } from './endpoints.ts';
import { groupEndpoints } from './group-endpoints.ts';
import { createTargetResolver } from './target-resolver.ts';

type ScopeHost = Parameters<HostScope['includes']>[0];

const actor = { kind: 'user', id: 'u_1', name: 'ann' } as const;
const principal = (includes: (host: ScopeHost) => boolean, isAll = false): Principal => ({
  actor,
  has: () => true,
  scope: () => ({ isAll, isNone: false, includes }),
});
const everywhere = principal(() => true, true);
const atSite = (site: string) => principal((host) => host.labels['site'] === site);

interface Asked {
  readonly as?: Principal;
  readonly params?: object;
  readonly query?: object;
  readonly body?: object;
  readonly ifMatch?: string | null;
}

async function openRoutes(t: TestContext) {
  const room = await openTestFacts(t);
  const { hosts, groups, context } = room.registry;
  const { facts } = room;
  const select = createSelect({ facts, hosts, groups, factSpecs: testSpecs });
  const resolver = createTargetResolver({ hosts, groups, select, facts });
  const audited: NewAuditRecord[] = [];
  const revoked: string[] = [];
  const deps = {
    context,
    hosts,
    groups,
    select,
    facts,
    resolver,
    audit: {
      append: async (_: unknown, records: readonly NewAuditRecord[]) => void audited.push(...records),
    },
    revoke: async (_: unknown, hostId: string) => void revoked.push(hostId),
    releaseTasks: async () => {},
    selectorsInUse: () => [
      {
        user: 'role:web-operator',
        selector: 'inGroup("bj1/web") || label.site == "bj1"',
        isScope: true as const,
      },
      { user: 'freeze:prod', selector: '!("prod" in groups)' },
      { user: 'budget:of-a-plugin-that-has-gone', selector: 'nothing.like == "this"' },
    ],
  };
  const endpoints = [...hostsEndpoints(deps), ...groupEndpoints(deps)];
  const call = async <Answer>(id: string, asked: Asked = {}): Promise<Answer> => {
    const found = endpoints.find((each) => each.route.id === id);
    assert.ok(found !== undefined, id);
    const { route, handle } = found;
    const answer = await handle({
      principal: asked.as ?? everywhere,
      // As the http room does it: by the route's own schemas.
      params: route.params?.parse(asked.params ?? {}),
      query: route.query?.parse(asked.query ?? {}),
      body: route.body?.parse(asked.body ?? {}),
      ifMatch: asked.ifMatch ?? null,
      requestId: 'r',
      language: 'en',
      address: '::1',
      signal: new AbortController().signal,
      exchange: { header: () => null, setHeader() {}, setStatus() {} },
    });
    const parsed = answer === undefined ? undefined : route.response?.parse(answer);
    return parsed as Answer; // the schema has just made it so
  };
  return { ...room, call, audited, revoked, resolver, add: room.registry.add };
}

const isCode = (code: string) => (error: unknown) => isAppError(error) && error.code === code;

test('lists hosts by name in pages, with those that cannot be decided counted apart', async (t) => {
  const { call, add, give } = await openRoutes(t);
  const ids = [await add({ name: 'c' }), await add({ name: 'a' }), await add({ name: 'b' })];
  await give(ids[0] ?? '', 'os', { id: 'debian', versionId: '12' });

  const first = await call<HostsPage>('hosts.list', { query: { limit: '2' } });
  const second = await call<HostsPage>('hosts.list', { query: { limit: '2', cursor: first.nextCursor } });
  const debian = await call<HostsPage>('hosts.list', { query: { q: 'os.id == "debian"' } });

  assert.deepEqual(
    [...first.items, ...second.items].map((host) => host.name),
    ['a', 'b', 'c'],
  );
  assert.equal(second.nextCursor, null);
  assert.equal(first.total, 3);
  assert.deepEqual([debian.total, debian.undetermined], [1, 2]);
  assert.equal(debian.items[0]?.os?.id, 'debian');
  await assert.rejects(call('hosts.list', { query: { cursor: 'x' } }), isCode('INVALID_REQUEST'));
});

test('what lies outside the scope is absent: in lists, by id, by name and from suggestions', async (t) => {
  const { call, add } = await openRoutes(t);
  const secret = await add({ name: 'secret-1', labels: { site: 'bj1' } });
  await add({ name: 'twin', labels: { site: 'bj1' } });
  const twin = await add({ name: 'twin', labels: { site: 'gz2' } });
  const as = atSite('gz2');

  const list = await call<HostsPage>('hosts.list', { as });

  assert.deepEqual([list.total, list.items[0]?.id], [1, twin]);
  assert.equal((await call<Host>('hosts.get', { as, params: { host: 'twin' } })).id, twin);
  await assert.rejects(call('hosts.get', { params: { host: 'twin' } }), isCode('HOST_NAME_AMBIGUOUS'));
  for (const host of [secret, 'secret-1'])
    await assert.rejects(
      call('hosts.get', { as, params: { host } }),
      (error) => isCode('HOST_UNKNOWN')(error) && isAppError(error) && error.details['nearest'] === 'twin',
    );
});

test('labels of many hosts: a preview writes nothing, the change is audited and says what it did', async (t) => {
  const { call, add, audited, registry } = await openRoutes(t);
  const ids = [
    await add({ labels: { role: 'web', old: 'x' } }),
    await add({ labels: { role: 'web', tier: '1' } }),
  ];
  await add({ labels: { role: 'db' } });
  const body = { target: { selector: 'label.role == "web"' }, set: { tier: '1' }, unset: ['old'] };

  const preview = await call<LabelsChanged>('hosts.labels', { body: { ...body, isPreview: true } });
  const unchanged = registry.hosts.index.get(ids[0] ?? '')?.labels;
  const changed = await call<LabelsChanged>('hosts.labels', { body });

  assert.deepEqual(unchanged, { role: 'web', old: 'x' });
  assert.deepEqual(changed, preview);
  assert.deepEqual([changed.matched, changed.changed], [2, 1]);
  assert.deepEqual(registry.hosts.index.get(ids[0] ?? '')?.labels, { role: 'web', tier: '1' });
  assert.deepEqual(
    audited.map(({ action, subject }) => ({ action, subject })),
    [{ action: 'host.labelled', subject: ids[0] }],
  );
});

test('a label may not move a host into or out of a scope that is not yours', async (t) => {
  const { call, add, registry } = await openRoutes(t);
  const mine = await add({ labels: { site: 'gz2' } });
  const body = (set: object, unset: string[] = []) => ({ target: { hostIds: [mine] }, set, unset });
  const as = atSite('gz2');

  await assert.rejects(
    call('hosts.labels', { as, body: body({ site: 'bj1' }) }),
    isCode('HOST_LABEL_OUT_OF_SCOPE'),
  );
  await assert.rejects(
    call('hosts.labels', { as, body: body({}, ['site']) }),
    isCode('HOST_LABEL_OUT_OF_SCOPE'),
  );
  await call('hosts.labels', { as, body: body({ role: 'web' }) });

  assert.deepEqual(registry.hosts.index.get(mine)?.labels, { site: 'gz2', role: 'web' });
});

test('group members carry rights, too: joining and leaving need the scope on both sides', async (t) => {
  const { call, add } = await openRoutes(t);
  const inWeb = principal((host) => host.groups.includes('web'));
  const outside = await add();
  await call('groups.put', { params: { path: 'web' }, body: {} });
  await call('groups.set-members', { params: { path: 'web' }, body: { add: [await add()] } });

  const join = call('groups.set-members', { as: inWeb, params: { path: 'web' }, body: { add: [outside] } });

  await assert.rejects(join, isCode('HOST_UNKNOWN'));
  await assert.rejects(
    call('groups.remove', { as: inWeb, params: { path: 'web' } }),
    isCode('HOST_LABEL_OUT_OF_SCOPE'),
  );
});

test('who may not take all hosts out of a group learns how many there are, and no name of one that they do not see', async (t) => {
  const { call, add } = await openRoutes(t);
  const members = [
    await add({ name: 'secret-1', labels: { site: 'bj1' } }),
    await add({ name: 'own-1', labels: { site: 'gz2' } }),
  ];
  await call('groups.put', { params: { path: 'web' }, body: {} });
  await call('groups.set-members', { params: { path: 'web' }, body: { add: members } });

  const refused = await call('groups.remove', { as: atSite('gz2'), params: { path: 'web' } }).catch(
    (cause: unknown) => cause,
  );

  assert.ok(isAppError(refused));
  assert.deepEqual(refused.details, { permission: 'hosts.label', count: 1, hosts: '…' });
});

test('an edit made from an older record is refused', async (t) => {
  const { call, add } = await openRoutes(t);
  const host = await add({ name: 'old' });
  const { etag } = await call<Host>('hosts.get', { params: { host } });

  await call('hosts.rename', { params: { host }, body: { name: 'new' }, ifMatch: etag });

  await assert.rejects(
    call('hosts.rename', { params: { host }, body: { name: 'newer' }, ifMatch: etag }),
    isCode('EDIT_CONFLICT'),
  );
  assert.equal((await call<Host>('hosts.get', { params: { host: 'new' } })).id, host);
});

test('maintenance and quarantine begin and end once, each with its record', async (t) => {
  const { call, add, audited } = await openRoutes(t);
  const host = await add();
  const params = { host };

  const began = await call<Host>('hosts.begin-maintenance', { params, body: { reason: 'disk' } });
  const ended = await call<Host>('hosts.end-maintenance', { params });
  const quarantined = await call<Host>('hosts.quarantine', { params });

  assert.equal(began.maintenance?.by, 'ann');
  assert.equal(ended.maintenance, null);
  assert.equal(quarantined.state, 'quarantined');
  await assert.rejects(call('hosts.end-maintenance', { params }), isCode('HOST_NOT_IN_MAINTENANCE'));
  await assert.rejects(call('hosts.quarantine', { params }), isCode('HOST_STATE_CONFLICT'));
  assert.equal((await call<Host>('hosts.release', { params })).state, 'active');
  await assert.rejects(
    call('hosts.begin-maintenance', { params, body: { reason: 'x', until: '2020-01-01T00:00:00.000Z' } }),
    isCode('HOST_MAINTENANCE_OVER'),
  );
  assert.deepEqual(
    audited.map(({ action }) => action),
    ['host.maintenance-began', 'host.maintenance-ended', 'host.quarantined', 'host.released'],
  );
});

test('a decommissioned host loses its certificates and is found by its id and state alone', async (t) => {
  const { call, add, revoked } = await openRoutes(t);
  const host = await add({ labels: { site: 'gz2' } });

  const gone = await call<Host>('hosts.decommission', { params: { host }, body: { reason: 'scrapped' } });
  const list = await call<HostsPage>('hosts.list', { query: { state: 'decommissioned' }, as: atSite('gz2') });

  assert.equal(gone.state, 'decommissioned');
  assert.deepEqual(revoked, [host]);
  assert.equal((await call<HostsPage>('hosts.list')).total, 0);
  assert.equal(list.items[0]?.id, host);
  assert.equal((await call<Host>('hosts.get', { params: { host } })).state, 'decommissioned');
  await assert.rejects(call('hosts.get', { params: { host }, as: atSite('bj1') }), isCode('HOST_UNKNOWN'));
});

test('refuses groups that would contain themselves, and the removal of one that others ask for', async (t) => {
  const { call } = await openRoutes(t);
  const put = (path: string, selector: string | null) =>
    call('groups.put', { params: { path }, body: { selector } });
  await put('a/x', 'inGroup("b")');
  await put('b', 'label.role == "web"');

  await assert.rejects(put('c', 'inGroup("c")'), isCode('GROUP_CYCLE'));
  await assert.rejects(put('b/deep', 'inGroup("a")'), isCode('GROUP_CYCLE'));
  await assert.rejects(put('c', '"b" in groups && groups.size() > 1'), isCode('GROUP_CYCLE'));
  await assert.rejects(put('c', 'label.role = "web"'), isCode('SELECTOR_INVALID'));
  await assert.rejects(put('b', null), isCode('GROUP_EXISTS'));
  await assert.rejects(call('groups.remove', { params: { path: 'b' } }), isCode('GROUP_IN_USE'));
  await assert.rejects(call('groups.get', { params: { path: 'bb' } }), isCode('GROUP_UNKNOWN'));
  for (const [path, user] of Object.entries({ 'bj1/web': 'role:web-operator', prod: 'freeze:prod' })) {
    await put(path, null);
    await assert.rejects(
      call('groups.remove', { params: { path } }),
      (error) => isAppError(error) && error.code === 'GROUP_IN_USE' && error.details['users'] === user,
    );
  }
  await put('bj1', null);
  await call('groups.remove', { params: { path: 'bj1' } });
});

test('a group that the scope of a role names is a list and stays one: hosts cannot say themselves into it', async (t) => {
  const { call } = await openRoutes(t);
  const put = (path: string, selector: string | null, ifMatch?: string) =>
    call<GroupSummary>('groups.put', { params: { path }, body: { selector }, ...(ifMatch && { ifMatch }) });
  const isOfRole = (error: unknown) =>
    isAppError(error) && error.code === 'GROUP_IN_USE' && error.details['users'] === 'role:web-operator';

  await assert.rejects(put('bj1/web', 'label.role == "web"'), isOfRole);
  const { etag } = await put('bj1/web', null);
  await assert.rejects(put('bj1/web', 'label.role == "web"', etag), isOfRole);
  await put('prod', 'label.role == "web"');
});

test('the tree counts each host once, under every path above it', async (t) => {
  const { call, add } = await openRoutes(t);
  await add({ groups: ['bj1/web', 'bj1/row2'] });
  await add({ groups: ['bj1/row2'] });
  await add();

  const tree = await call<{ items: TreeNode[]; ungrouped: number }>('hosts.tree');

  assert.deepEqual(
    tree.items.map(({ path, kind, hosts }) => [path, kind, hosts]),
    [
      ['bj1', 'folder', 2],
      ['bj1/row2', 'fixed', 2],
      ['bj1/web', 'fixed', 1],
    ],
  );
  assert.equal(tree.ungrouped, 1);
});

test('targets are the union of selector, ids and groups, without hosts that wait to be accepted', async (t) => {
  const { add, give, resolver, registry } = await openRoutes(t);
  const byLabel = await add({ labels: { role: 'web' } });
  const byGroup = await add({ groups: ['bj1/web'] });
  const byId = await add();
  const pending = await add({ labels: { role: 'web' }, state: 'pending' });
  const unknown = await add();
  await give(byId, 'os', { id: 'openEuler', versionId: '24.03' });
  const target = {
    selector: 'label.role == "web" || os.id == "debian"',
    groups: ['bj1'],
    hostIds: [byId],
  };

  const resolved = await resolver.resolve(target);

  assert.deepEqual(resolved.hosts.map((host) => host.id).sort(), [byLabel, byGroup, byId].sort());
  assert.deepEqual(
    resolved.undetermined.map((host) => host.id),
    [unknown],
  );
  const matches = (id: string) => {
    const host = registry.hosts.index.get(id);
    return host !== undefined && resolver.stillMatches(target, host);
  };
  assert.deepEqual([byLabel, byGroup, byId, unknown].map(matches), [true, true, true, false]);
  await assert.rejects(resolver.resolve({ groups: ['nowhere'] }), isCode('GROUP_UNKNOWN'));
  assert.notEqual(pending, '');
});
