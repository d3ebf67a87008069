import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DAY_MS } from '@pilothouse/base';
import {
  type FactCollection,
  type FactDiff,
  type FactDistribution,
  type FactView,
  isAppError,
  toTimestamp,
} from '@pilothouse/contract';
import type { HostScope, Principal } from '../access/service.ts';
import { createSelect } from '../select/index.ts';
import { factsEndpoints } from './endpoints.ts';
import { digestOf, openTestFacts, testSpecs } from './open-test-facts.ts';

const principal = (site: string | null): Principal => {
  const scope: HostScope = {
    isAll: site === null,
    isNone: false,
    includes: (host) => site === null || host.labels['site'] === site,
  };
  return { actor: { kind: 'user', id: 'u', name: 'ann' }, has: () => true, scope: () => scope };
};
const packagesOf = (version: string) => ({
  system: 'dpkg',
  packages: [{ name: 'openssl', version, arch: 'amd64' }],
});
const isCode = (code: string) => (error: unknown) => isAppError(error) && error.code === code;

async function openRoutes(t: TestContext) {
  const room = await openTestFacts(t);
  const { hosts, groups } = room.registry;
  const select = createSelect({ facts: room.facts, hosts, groups, factSpecs: testSpecs });
  const endpoints = factsEndpoints({
    facts: room.facts,
    hosts,
    select,
    specs: testSpecs,
    resolver: { resolve: async () => ({ hosts: hosts.sorted(), undetermined: [] }) },
    collectNow: async (request) => ({
      facts: [...request.facts],
      hosts: request.hosts.map(({ id, name }) => ({
        hostId: id,
        hostName: name,
        state: 'collected' as const,
      })),
      counts: { collected: request.hosts.length, asked: 0, late: 0, offline: 0 },
    }),
  });
  const call = async <Answer>(
    id: string,
    asked: { params?: object; query?: object; body?: object; site?: string },
  ): Promise<Answer> => {
    const found = endpoints.find((each) => each.route.id === id);
    assert.ok(found !== undefined, id);
    const { route, handle } = found;
    const answer = await handle({
      principal: principal(asked.site ?? null),
      params: route.params?.parse(asked.params ?? {}),
      query: route.query?.parse(asked.query ?? {}),
      body: route.body?.parse(asked.body ?? {}),
      ifMatch: null,
      requestId: 'r',
      language: 'en',
      address: '::1',
      signal: new AbortController().signal,
      exchange: { header: () => null, setHeader() {}, setStatus() {} },
    });
    return route.response?.parse(answer) as Answer; // the schema has just made it so
  };
  const add = (name: string, site: string) => room.registry.add({ name, labels: { site } });
  return { ...room, call, addAt: add };
}

test('tells how many hosts have the same content, which are without, and hides what is out of scope', async (t) => {
  const { call, addAt, give, facts, registry } = await openRoutes(t);
  for (const name of ['a', 'b', 'c']) await give(await addAt(name, 'bj1'), 'packages', packagesOf('1'));
  await give(await addAt('d', 'bj1'), 'packages', packagesOf('2'));
  await addAt('e', 'bj1');
  const noTool = await addAt('f', 'bj1');
  await facts.report(
    noTool,
    [{ kind: 'absent', fact: 'packages', reason: 'tool-missing', detail: 'run dpkg-query' }],
    registry.clock.now(),
  );
  await give(await addAt('elsewhere', 'gz2'), 'packages', packagesOf('3'));

  const told = await call<FactDistribution>('facts.distribution', {
    params: { fact: 'packages' },
    site: 'bj1',
  });

  assert.deepEqual(
    told.contents.map(({ hosts, names }) => [hosts, names.join()]),
    [
      [3, 'a,b,c'],
      [1, 'd'],
    ],
  );
  assert.deepEqual([told.total, told.distinct, told.unreported], [6, 2, 1]);
  assert.deepEqual(told.absent, [{ reason: 'tool-missing', hosts: 1 }]);
  await assert.rejects(call('facts.distribution', { params: { fact: 'pakages' } }), (error) => {
    return isCode('FACT_UNKNOWN')(error) && isAppError(error) && error.details['nearest'] === 'packages';
  });
});

test('the list of facts counts hosts and contents as they are now, and those in scope alone', async (t) => {
  const { call, addAt, give, registry } = await openRoutes(t);
  const counted = async (site?: string) => {
    const told = await call<{ items: { name: string; hosts: number; distinct: number }[] }>(
      'facts.kinds',
      site === undefined ? {} : { site },
    );
    const packages = told.items.find(({ name }) => name === 'packages');
    return [packages?.hosts, packages?.distinct];
  };
  assert.deepEqual(await counted(), [0, 0]);

  const a = await addAt('a', 'bj1');
  await give(a, 'packages', packagesOf('1'));
  await give(await addAt('b', 'bj1'), 'packages', packagesOf('1'));
  await give(await addAt('c', 'gz2'), 'packages', packagesOf('1'));
  assert.deepEqual(await counted(), [3, 1]);
  assert.deepEqual(await counted('bj1'), [2, 1]);

  await give(a, 'packages', packagesOf('2'));
  assert.deepEqual(await counted(), [3, 2]);

  await registry.store.transaction((transaction) => registry.hosts.decommission(transaction, a));
  assert.deepEqual(await counted(), [2, 1]);
});

test('compares hosts, times and contents', async (t) => {
  const { call, addAt, give, registry } = await openRoutes(t);
  const start = registry.clock.now();
  const a = await addAt('a', 'bj1');
  await give(a, 'packages', packagesOf('1'));
  registry.clock.advance(DAY_MS);
  await give(a, 'packages', packagesOf('2'));
  await give(await addAt('b', 'bj1'), 'packages', packagesOf('2'));
  const diff = (left: string, right: string, site?: string) =>
    call<FactDiff>('facts.diff', {
      params: { fact: 'packages' },
      query: { left, right },
      ...(site ? { site } : {}),
    });

  const then = await diff(`a@${toTimestamp(start)}`, 'a');
  const byDigest = await diff(digestOf(packagesOf('1')), 'b');

  assert.equal((await diff('a', 'b')).isSame, true);
  assert.deepEqual(then.items, [
    { kind: 'changed', path: ['packages', 'openssl', 'version'], before: '1', after: '2' },
  ]);
  assert.deepEqual([then.added, then.removed, then.changed], [0, 0, 1]);
  assert.deepEqual(byDigest.items, then.items);
  await assert.rejects(diff('a', 'b@yesterday'), isCode('FACT_SIDE_INVALID'));
  await assert.rejects(diff(`a@${toTimestamp(start - 1)}`, 'a'), isCode('FACT_NOT_REPORTED'));
  await assert.rejects(
    diff(digestOf(packagesOf('1')), digestOf(packagesOf('1')), 'gz2'),
    isCode('FACT_BODY_MISSING'),
  );
  await assert.rejects(diff('a', 'a', 'gz2'), isCode('HOST_UNKNOWN'));
});

test('shows a fact as it is and as it was', async (t) => {
  const { call, addAt, give, registry } = await openRoutes(t);
  const start = registry.clock.now();
  await give(await addAt('a', 'bj1'), 'packages', packagesOf('1'));
  registry.clock.advance(DAY_MS);
  await give(registry.hosts.resolve('a')?.id ?? '', 'packages', packagesOf('2'));
  const params = { host: 'a', fact: 'packages' };

  const now = await call<FactView>('facts.get', { params });
  const then = await call<FactView>('facts.get', { params, query: { asOf: toTimestamp(start) } });
  const first = await call<{ items: unknown[]; nextCursor: string | null }>('facts.history', {
    params,
    query: { limit: '1' },
  });
  const second = await call<{ items: unknown[]; nextCursor: string | null }>('facts.history', {
    params,
    query: { limit: '1', cursor: first.nextCursor },
  });

  assert.deepEqual([now.body, then.body], [packagesOf('2'), packagesOf('1')]);
  assert.deepEqual([first.items.length, second.items.length, second.nextCursor], [1, 1, null]);
  assert.notDeepEqual(first.items, second.items);
});

test('lets only hosts in scope collect, and only facts that there are', async (t) => {
  const { call, addAt } = await openRoutes(t);
  await addAt('here', 'bj1');
  await addAt('elsewhere', 'gz2');
  const body = { target: { selector: 'true' }, facts: ['packages'] };

  const answer = await call<FactCollection>('facts.collect', { body, site: 'bj1' });

  assert.deepEqual(
    answer.hosts.map(({ hostName }) => hostName),
    ['here'],
  );
  await assert.rejects(
    call('facts.collect', { body: { ...body, facts: ['pakages'] } }),
    isCode('FACT_UNKNOWN'),
  );
});
