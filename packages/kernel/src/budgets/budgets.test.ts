import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { budgetsRoutes, type Route } from '@pilothouse/contract';
import type { JournalEntry } from '@pilothouse/wire';
import { createPrincipal } from '../access/principal.ts';
import type { NewAuditRecord } from '../audit/service.ts';
import type { OpenSession, SessionListener } from '../gateway/service.ts';
import type { HostsRoom } from '../hosts/create-hosts.ts';
import { openTestHosts } from '../hosts/open-test-hosts.ts';
import { createSelect } from '../select/index.ts';
import { type BudgetsRoom, createBudgets } from './create-budgets.ts';
import { budgetsMigrations } from './migrations.ts';

const SESSION = { address: '10.0.0.1', name: 'n', arch: 'x86_64', agentVersion: '1', bootId: 'b' };
const ADA = createPrincipal({ kind: 'user', id: 'u_1', name: 'ada' }, [
  {
    grant: { permissions: ['*'], hosts: 'true', effectMax: 'destructive' },
    permissions: new Set(['budgets.read', 'budgets.release']),
    isAllHosts: true,
    selector: null,
  },
]);

async function openRoom(t: TestContext) {
  const fleet = await openTestHosts(t);
  await fleet.store.migrate([budgetsMigrations]);
  const audits: NewAuditRecord[] = [];
  const raised: { key: string }[][] = [];
  const sessions: SessionListener[] = [];
  const facts = { warm: async () => {}, has: () => false, bodyNow: () => null, onChange: () => () => {} };
  const open = (registry: HostsRoom = fleet): Promise<BudgetsRoom> =>
    createBudgets(fleet.context, {
      ...registry,
      facts,
      select: createSelect({ facts, hosts: registry.hosts, groups: registry.groups, factSpecs: [] }),
      findings: {
        specs: new Map(),
        list: async () => ({ items: [], nextCursor: null }),
        reconcile: async (_kind, _host, now) => void raised.push([...now]),
      },
      events: { publish: async () => {}, subscribe: () => () => {} },
      audit: { append: async (_transaction, records) => void audits.push(...records) },
      gateway: { listen: (listener) => void sessions.push(listener) },
    });
  const room = await open();
  const call = (route: Route, given: { params?: unknown; body?: unknown; ifMatch?: string } = {}) => {
    const endpoint = room.endpoints.find((each) => each.route === route);
    assert.ok(endpoint !== undefined);
    return endpoint.handle({
      principal: ADA,
      params: given.params,
      body: route.body?.parse(given.body),
      query: route.query?.parse({}),
      requestId: 'q',
      ifMatch: given.ifMatch ?? null,
      // The other fields of a request are not read by this room.
    } as unknown as Parameters<typeof endpoint.handle>[0]); // Handlers of this room read no more.
  };
  const hear = async (hostId: string, journal: JournalEntry[] = []) => {
    // Of a session this room reads whose it is, and what the host's journal says.
    const session = { hostId, hello: { journal } } as unknown as OpenSession;
    for (const listener of sessions) listener.opened?.(session);
    await fleet.hosts.sessionOpened(hostId, SESSION);
  };
  const ids: string[] = [];
  for (const rack of ['r1', 'r1', 'r2'])
    ids.push(await fleet.add({ name: `n${ids.length}`, labels: { rack } }));
  for (const id of ids) await fleet.hosts.sessionOpened(id, SESSION);
  await call(budgetsRoutes.put, {
    params: { name: 'racks' },
    body: { selector: 'true', per: 'rack', limit: { hosts: 1 } },
  });
  const wish = (index: number, interrupts: 'service' | 'host' = 'service') => ({
    rolloutId: 'r_1',
    taskId: `r_1.${index}`,
    hostId: ids[index] ?? '',
    interrupts,
  });
  const flush = (of: BudgetsRoom = room) =>
    fleet.store.transaction((transaction) => of.budgets.flush(transaction));
  return { ...fleet, room, open, call, hear, ids, wish, flush, audits, raised };
}

const kindOf = (room: BudgetsRoom, wish: Parameters<BudgetsRoom['budgets']['take']>[0]) =>
  room.budgets.take(wish).kind;

test('one host of each rack at a time; the next when the first has said how its task ended', async (t) => {
  const { room, wish } = await openRoom(t);

  assert.equal(kindOf(room, wish(0)), 'granted');
  assert.deepEqual(room.budgets.take(wish(1)), {
    kind: 'refused',
    budgets: [{ budgetId: 'racks', name: 'racks', domain: 'r1', allowed: 1, down: 1 }],
  });
  assert.equal(kindOf(room, wish(2)), 'granted');
  assert.equal(kindOf(room, wish(0)), 'granted');
  room.budgets.giveBack({ ...wish(0), isHostsWord: true });
  assert.equal(kindOf(room, wish(1)), 'granted');
});

test('a domain by a label that every object seems to have is that of hosts without it', async (t) => {
  const { call, room, wish } = await openRoom(t);
  await call(budgetsRoutes.put, {
    params: { name: 'of-nobody' },
    body: { selector: 'true', per: 'constructor', limit: { hosts: 1 } },
  });

  assert.equal(kindOf(room, wish(0)), 'granted');
  assert.deepEqual(room.budgets.take(wish(2)), {
    kind: 'refused',
    budgets: [{ budgetId: 'of-nobody', name: 'of-nobody', domain: '', allowed: 1, down: 1 }],
  });
});

test('a host that was not heard of keeps its lease until it opens another session, and room is told of once it is there', async (t) => {
  const { room, wish, flush, hear, ids, hosts } = await openRoom(t);
  let rings = 0;
  room.budgets.onRoom(() => void (rings += 1));
  room.budgets.take(wish(0, 'host'));
  await flush();
  await hosts.sessionClosed(ids[0] ?? '');
  room.budgets.giveBack(wish(0));
  await flush();
  assert.equal(kindOf(room, wish(1)), 'refused');
  assert.equal(rings, 0);

  await hear(ids[0] ?? '');

  assert.equal(kindOf(room, wish(1)), 'granted');
  assert.equal(rings, 1);
});

test('a host that comes back and is still at work keeps its lease until it says that it is done', async (t) => {
  const { room, wish, flush, hear, ids } = await openRoom(t);
  room.budgets.take(wish(0, 'host'));
  await flush();
  room.budgets.giveBack(wish(0));
  await flush();

  await hear(ids[0] ?? '', [{ taskId: 'r_1.0', attempt: 1, state: 'started' }]);
  assert.equal(kindOf(room, wish(1)), 'refused');
  assert.deepEqual(
    room.budgets.returning().map(({ taskId, hostId }) => [taskId, hostId]),
    [['r_1.0', ids[0]]],
  );
  room.budgets.giveBack({ ...wish(0), isHostsWord: true });

  assert.equal(kindOf(room, wish(1)), 'granted');
  assert.deepEqual(room.budgets.returning(), []);
});

test('who takes the room of a domain is told with what it is for and since when', async (t) => {
  const { room, wish, clock, ids } = await openRoom(t);
  const since = clock.now();
  room.budgets.take(wish(0));
  clock.advance(60_000);

  assert.deepEqual(room.budgets.downIn({ name: 'racks', domain: 'r1' }), {
    label: 'rack=r1',
    allowed: 1,
    down: [
      {
        hostId: ids[0],
        causes: [{ kind: 'lease', since }],
        leases: [{ taskId: 'r_1.0', rolloutId: 'r_1', since }],
      },
    ],
  });
  assert.equal(room.budgets.downIn({ name: 'racks', domain: 'r9' }), null);
});

test('leases survive a restart, and hosts that nobody has seen since count as down', async (t) => {
  const it = await openRoom(t);
  it.room.budgets.take(it.wish(0, 'host'));
  it.room.budgets.take(it.wish(2));
  await it.flush();
  it.room.budgets.giveBack(it.wish(2));
  await it.flush();

  const registry = await it.reopen();
  const room = await it.open(registry);

  assert.equal(kindOf(room, it.wish(1)), 'refused');
  await registry.hosts.sessionOpened(it.ids[1] ?? '', SESSION);
  assert.equal(kindOf(room, it.wish(1)), 'refused');
  await registry.hosts.sessionOpened(it.ids[0] ?? '', SESSION);
  assert.equal(kindOf(room, it.wish(1)), 'refused');
  room.budgets.giveBack({ ...it.wish(0), isHostsWord: true });
  assert.equal(kindOf(room, it.wish(1)), 'granted');
  await it.hear(it.ids[2] ?? '');
  await registry.hosts.sessionOpened(it.ids[2] ?? '', SESSION);
  await it.flush(room);
  assert.deepEqual(
    (
      await it.store
        .as<{ budgets_lease: { task_id: string } }>()
        .selectFrom('budgets_lease')
        .select('task_id')
        .execute()
    ).map(({ task_id }) => task_id),
    ['r_1.1'],
  );
});

test('what was taken for offers that were not committed is given up by reload, and nothing else', async (t) => {
  const { room, wish, flush, store } = await openRoom(t);
  room.budgets.take(wish(2));
  await flush();
  room.budgets.take(wish(0));
  room.budgets.giveBack({ ...wish(2), isHostsWord: true });
  room.budgets.setFailing({ hostId: wish(1).hostId, source: 'probe', isFailing: true });
  const failed = store.transaction(async (transaction) => {
    await room.budgets.flush(transaction);
    throw new Error('rolled back');
  });
  await assert.rejects(failed, /rolled back/);

  await room.budgets.reload();

  assert.equal(kindOf(room, { ...wish(2), taskId: 'r_2.2' }), 'granted');
  assert.equal(kindOf(room, wish(1)), 'granted');
});

test('a lease of a host that never returns is ended by a person, with a reason, once its task has ended', async (t) => {
  const { room, wish, flush, call, audits } = await openRoom(t);
  room.budgets.take(wish(0));
  await flush();
  const release = () =>
    call(budgetsRoutes.release, { params: { taskId: 'r_1.0' }, body: { reason: 'taken apart' } });
  await assert.rejects(release(), { code: 'LEASE_IN_USE' });
  room.budgets.giveBack(wish(0));
  await flush();

  await release();

  assert.equal(kindOf(room, wish(1)), 'granted');
  assert.deepEqual(
    audits
      .filter(({ action }) => action === 'budget.lease-released')
      .map(({ subject, details }) => [subject, details['reason']]),
    [['r_1.0', 'taken apart']],
  );
  await assert.rejects(release(), { code: 'NOT_FOUND' });
});

test('a probe that fails counts until it is well again, also over a restart; a decommissioned host counts no more', async (t) => {
  const it = await openRoom(t);
  it.room.budgets.setFailing({ hostId: it.ids[0] ?? '', source: 'r_1 web', isFailing: true });
  await it.flush();
  const room = await it.open();
  assert.equal(kindOf(room, it.wish(1)), 'refused');
  room.budgets.setFailing({ hostId: it.ids[0] ?? '', source: 'r_1 web', isFailing: false });
  assert.equal(kindOf(room, it.wish(1)), 'granted');

  it.room.budgets.setFailing({ hostId: it.ids[2] ?? '', source: 'r_1 web', isFailing: true });
  await it.flush();
  assert.equal(kindOf(it.room, { ...it.wish(2), taskId: 'r_2.2' }), 'granted');
  await it.call(budgetsRoutes.clearFailing, {
    params: { hostId: it.ids[2] },
    body: { reason: 'mended by hand' },
  });
  const rows = await it.store
    .as<{ budgets_failing: object }>()
    .selectFrom('budgets_failing')
    .selectAll()
    .execute();
  assert.deepEqual(rows.length, 1);

  const again = await it.open();
  again.budgets.setFailing({ hostId: it.ids[0] ?? '', source: 'r_1 web', isFailing: true });
  await it.store.transaction((transaction) => it.hosts.decommission(transaction, it.ids[0] ?? ''));
  assert.equal(kindOf(again, it.wish(1)), 'granted');
});

test('a domain that is over its cap by itself is a finding, after hosts had time to come back', async (t) => {
  const it = await openRoom(t);
  const exceeded = it.room.reconcilers.find(({ name }) => name === 'budgets.exceeded');
  await it.hosts.sessionClosed(it.ids[0] ?? '');
  await it.hosts.sessionClosed(it.ids[1] ?? '');
  await exceeded?.run();
  assert.equal(it.raised.length, 0);
  it.clock.advance(10 * 60_000);
  await exceeded?.run();

  assert.deepEqual(
    it.raised.at(-1)?.map(({ key }) => key),
    ['["racks","r1"]'],
  );
  assert.deepEqual(
    it.room.budgets.impossibleFor(it.ids, 'service').map(({ name }) => name),
    [],
  );
  await it.call(budgetsRoutes.put, {
    params: { name: 'none' },
    body: { selector: 'true', limit: { percent: 10 } },
  });
  assert.deepEqual(
    it.room.budgets.impossibleFor(it.ids, 'service').map(({ name, allowed }) => [name, allowed]),
    [['none', 0]],
  );
});

test('an edit without the etag of what is there is refused', async (t) => {
  const { call } = await openRoom(t);
  const body = { selector: 'true', limit: { hosts: 2 } };

  await assert.rejects(call(budgetsRoutes.put, { params: { name: 'racks' }, body }), {
    code: 'BUDGET_EXISTS',
  });
  await assert.rejects(call(budgetsRoutes.put, { params: { name: 'racks' }, body, ifMatch: '7' }), {
    code: 'EDIT_CONFLICT',
  });
  await assert.rejects(
    call(budgetsRoutes.put, { params: { name: 'x' }, body: { ...body, selector: 'nope(' } }),
    {
      code: 'SELECTOR_INVALID',
    },
  );
  await call(budgetsRoutes.put, { params: { name: 'racks' }, body, ifMatch: '1' });
});
