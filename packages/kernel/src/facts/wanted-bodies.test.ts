/** Who is asked for a body, and who next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE_MS } from '@pilothouse/base';
import { bodyOf, digestOf, openTestFacts, present } from './open-test-facts.ts';
import type { FactsTables } from './store.ts';

const debian = { id: 'debian', versionId: '12' };
const openEuler = { id: 'openEuler', versionId: '24.03' };
const SESSION = { address: '192.0.2.1', name: 'web-1', arch: 'x86_64', agentVersion: '1', bootId: 'b' };

test('asks another host when the first does not deliver in time', async (t) => {
  const { facts, registry, asked, reconcilers } = await openTestFacts(t);
  const [silent, other] = [await registry.add(), await registry.add()];
  const run = async () => {
    for (const reconciler of reconcilers) await reconciler.run();
  };
  for (const host of [silent, other]) {
    await registry.hosts.sessionOpened(host, SESSION);
    await facts.report(host, [present('os', debian)], registry.clock.now());
  }

  await run();
  const early = asked.length;
  registry.clock.advance(MINUTE_MS);
  await run();
  await run();

  assert.equal(early, 0);
  assert.deepEqual(asked, [{ hostId: other, digests: [digestOf(debian)] }]);
});

test('when a stored body turns out to be of no use, a host that has it is asked without saying anything', async (t) => {
  const room = await openTestFacts(t);
  const { registry, give, reopen, asked } = room;
  const host = await registry.add();
  const packages = { system: 'dpkg', packages: [] };
  await give(host, 'packages', packages);
  await registry.hosts.sessionOpened(host, SESSION);
  const { facts, reconcilers } = await reopen();
  await reconcilers[0]?.run();
  const before = asked.length;
  await registry.store.transaction((transaction) =>
    transaction.as<FactsTables>().updateTable('facts_body').set({ body: 'zstd:x' }).execute(),
  );

  await facts.body(digestOf(packages));
  await reconcilers[0]?.run();

  assert.deepEqual(asked.slice(before), [{ hostId: host, digests: [digestOf(packages)] }]);
});

test('a body that its host has replaced before it could be asked is asked of another at once', async (t) => {
  const { facts, registry } = await openTestFacts(t);
  const [moving, other] = [await registry.add(), await registry.add()];
  const now = registry.clock.now();
  const usage = { usedRatio: 0.5, count: 1, label: null, mounts: {} };
  const stored = Promise.withResolvers<void>();
  let transactions = 0;
  const { store } = registry;
  const begin = store.transaction.bind(store);
  // What comes with the first report is stored after the second report is.
  t.mock.method(store, 'transaction', async (run: Parameters<typeof begin>[0]) => {
    transactions += 1;
    if (transactions === 2) await stored.promise;
    return begin(run);
  });

  const reports = [present('os', debian), present('storage-usage', usage)];
  const first = facts.report(moving, reports, now, [bodyOf(usage).toString('utf8')]);
  const second = await facts.report(moving, [present('os', openEuler)], now);
  stored.resolve();
  const wanted = [await first, second, await facts.report(other, [present('os', debian)], now)];

  assert.deepEqual(wanted, [[], [digestOf(openEuler)], [digestOf(debian)]]);
});

test('a host that has gone, or does not hear the question, is not waited for', async (t) => {
  const room = await openTestFacts(t);
  const { facts, registry, asked, reconcilers } = room;
  const [gone, other] = [await registry.add(), await registry.add()];
  for (const host of [gone, other]) {
    await registry.hosts.sessionOpened(host, SESSION);
    await facts.report(host, [present('os', debian)], registry.clock.now());
  }
  await registry.hosts.sessionClosed(gone);
  const ask = (): unknown => reconcilers[0]?.run();

  room.isDeaf = true;
  await ask();
  room.isDeaf = false;
  await ask();
  await ask();

  assert.deepEqual(asked, [{ hostId: other, digests: [digestOf(debian)] }]);
});
