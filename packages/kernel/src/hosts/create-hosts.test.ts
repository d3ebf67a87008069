import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE_MS } from '@pilothouse/base';
import { Host, isAppError, toTimestamp } from '@pilothouse/contract';
import { openTestHosts } from './open-test-hosts.ts';

const session = {
  address: '192.0.2.7',
  name: 'web-1',
  arch: 'aarch64',
  agentVersion: '0.2.0',
  bootId: 'boot-1',
};
const vitals = {
  at: '2026-01-01T00:00:00.000Z',
  load1: 0.5,
  memoryUsedRatio: 0.5,
  diskUsedRatio: 0.5,
  pressureCpu: null,
  pressureMemory: null,
  pressureIo: null,
  uptimeSeconds: 60,
  bootId: 'boot-1',
};

test('shows a new host that was never there, in the form of the contract', async (t) => {
  const { add, hosts, events } = await openTestHosts(t);

  const id = await add({ labels: { site: 'bj1' }, groups: ['bj1/web'] });

  const record = Host.parse(await hosts.get(id));
  assert.equal(record.presence.kind, 'never');
  assert.deepEqual(record.groups, ['bj1/web']);
  assert.deepEqual(record.labels, { site: 'bj1' });
  assert.deepEqual(
    events.map((event) => event.type),
    ['group.changed', 'host.added'],
  );
});

test('a transaction that fails leaves neither host, nor label, nor event', async (t) => {
  const { store, hosts, events, add, reopen } = await openTestHosts(t);
  const id = await add({ labels: { role: 'web' } });
  events.length = 0;

  const failing = store.transaction(async (transaction) => {
    await hosts.setLabels(transaction, id, { role: 'db' });
    throw new Error('changed my mind');
  });

  await assert.rejects(failing, /changed my mind/);
  assert.deepEqual(hosts.index.get(id)?.labels, { role: 'web' });
  assert.deepEqual((await reopen()).hosts.index.get(id)?.labels, { role: 'web' });
  assert.deepEqual(events, []);
});

test('replaces entries, so that a held one keeps showing its moment', async (t) => {
  const { store, hosts, add } = await openTestHosts(t);
  const id = await add({ labels: { role: 'web' } });
  const held = hosts.index.get(id);

  await store.transaction((transaction) => hosts.setLabels(transaction, id, { role: 'db' }));

  assert.equal(held?.labels['role'], 'web');
  assert.equal(hosts.index.get(id)?.labels['role'], 'db');
});

test('presence changes once a session, however the session was replaced', async (t) => {
  const { hosts, add, clock, events } = await openTestHosts(t);
  const id = await add();
  events.length = 0;
  const since = clock.now();

  await hosts.sessionOpened(id, session);
  clock.advance(5000);
  await hosts.sessionOpened(id, session);
  const online = hosts.index.get(id);
  clock.advance(5000);
  await hosts.sessionClosed(id);
  await hosts.sessionClosed(id);

  assert.equal(online?.isOnline, true);
  assert.equal(online?.presenceSince, since);
  assert.equal(online?.arch, 'aarch64');
  assert.equal(hosts.index.get(id)?.presenceSince, clock.now());
  assert.deepEqual(
    events.map((event) => event.type),
    ['host.online', 'host.offline'],
  );
});

test('a session that closes before its opening is on disk leaves the host offline', async (t) => {
  const { hosts, add } = await openTestHosts(t);
  const id = await add();

  const opened = hosts.sessionOpened(id, session);
  const closed = hosts.sessionClosed(id);
  await Promise.all([opened, closed]);

  assert.equal(hosts.index.get(id)?.isOnline, false);
});

test('after a start all hosts are offline since they were last known to be there', async (t) => {
  const { hosts, add, clock, reconcilers, reopen } = await openTestHosts(t);
  const id = await add();
  await hosts.sessionOpened(id, session);
  clock.advance(MINUTE_MS);
  hosts.heartbeat(id, vitals);
  const lastHeard = clock.now();
  for (const reconciler of reconcilers) await reconciler.run();
  clock.advance(10 * MINUTE_MS);

  const restarted = await reopen();

  const entry = restarted.hosts.index.get(id);
  assert.equal(entry?.isOnline, false);
  assert.equal(entry?.presenceSince, lastHeard);
  assert.equal(entry?.lastSeen, lastHeard);
  assert.equal(entry?.address, '192.0.2.7');
});

test('heartbeats write nothing, and listeners hear nothing of them', async (t) => {
  const { hosts, add, events } = await openTestHosts(t);
  const id = await add();
  await hosts.sessionOpened(id, session);
  events.length = 0;
  let changes = 0;
  hosts.onChange(() => {
    changes += 1;
  });

  hosts.heartbeat(id, vitals);

  assert.deepEqual(hosts.index.get(id)?.vitals, vitals);
  assert.equal(changes, 0);
  assert.deepEqual(events, []);
});

test('refuses a name that several hosts have, and lists their ids', async (t) => {
  const { hosts, add } = await openTestHosts(t);
  const first = await add({ name: 'db-1' });
  const second = await add({ name: 'db-1' });
  const third = await add({ name: 'db-2' });

  assert.equal(hosts.resolve('db-2')?.id, third);
  assert.equal(hosts.resolve(first)?.id, first);
  assert.equal(hosts.resolve('db-9'), null);
  assert.throws(
    () => hosts.resolve('db-1'),
    (error) =>
      isAppError(error) &&
      error.code === 'HOST_NAME_AMBIGUOUS' &&
      JSON.stringify(error.details['ids']) === JSON.stringify([first, second]),
  );
});

test('a maintenance with an end is ended by the reconciler, one without is not', async (t) => {
  const { store, hosts, add, clock, reconcilers, events } = await openTestHosts(t);
  const [ending, endless] = [await add(), await add()];
  const maintenance = { since: toTimestamp(clock.now()), by: 'ann', reason: 'disk' };
  await store.transaction(async (transaction) => {
    const until = toTimestamp(clock.now() + MINUTE_MS);
    await hosts.setMaintenance(transaction, ending, { ...maintenance, until });
    await hosts.setMaintenance(transaction, endless, { ...maintenance, until: null });
  });
  const run = async () => {
    for (const reconciler of reconcilers) await reconciler.run();
  };

  await run();
  const early = hosts.index.get(ending)?.isInMaintenance;
  clock.advance(MINUTE_MS);
  await run();
  await run();

  assert.equal(early, true);
  assert.equal(hosts.index.get(ending)?.isInMaintenance, false);
  assert.equal(hosts.index.get(endless)?.isInMaintenance, true);
  assert.equal(events.filter((event) => event.type === 'host.maintenance-ended').length, 1);
});

test('quarantine and release survive a start, and each edit moves the etag', async (t) => {
  const { store, hosts, add, reopen } = await openTestHosts(t);
  const id = await add();
  const before = (await hosts.get(id))?.etag;

  await store.transaction((transaction) => hosts.quarantine(transaction, id, 'clone'));
  const restarted = (await reopen()).hosts;
  const quarantined = await restarted.get(id);
  await store.transaction((transaction) => hosts.release(transaction, id));

  assert.equal(quarantined?.state, 'quarantined');
  assert.equal(quarantined?.quarantine?.reason, 'clone');
  assert.notEqual(quarantined?.etag, before);
  assert.equal((await hosts.get(id))?.state, 'active');
  assert.equal((await hosts.get(id))?.quarantine, null);
  assert.equal((await hosts.get(id))?.etag, String(Number(before) + 2));
});

test('a release ends what was found of clones, and a decommission all that was found', async (t) => {
  const { hosts, store, add, resolved } = await openTestHosts(t);
  const id = await add();
  await store.transaction((transaction) => hosts.quarantine(transaction, id, 'clone'));

  await store.transaction((transaction) => hosts.release(transaction, id));
  await store.transaction((transaction) => hosts.decommission(transaction, id));

  assert.deepEqual(resolved, [
    [id, 'gateway.clone'],
    [id, null],
  ]);
});

test('a decommissioned host leaves the index and keeps its record', async (t) => {
  const { store, hosts, add, reopen } = await openTestHosts(t);
  const id = await add({ labels: { role: 'web' } });

  await store.transaction((transaction) => hosts.decommission(transaction, id));

  assert.equal(hosts.index.has(id), false);
  assert.equal((await hosts.get(id))?.state, 'decommissioned');
  assert.deepEqual((await hosts.get(id))?.labels, { role: 'web' });
  assert.equal((await reopen()).hosts.index.has(id), false);
  assert.deepEqual(
    (await hosts.decommissioned()).map((host) => host.id),
    [id],
  );
});

test('the operating system comes from the body of the os fact, whatever else that holds', async (t) => {
  const bodies = new Map<string, unknown>([['d1', { id: 'openEuler', versionId: '24.03', more: [1] }]]);
  const { hosts, add } = await openTestHosts(t, (digest) => bodies.get(digest) ?? null);
  const id = await add();

  hosts.noteFacts(id, [{ fact: 'os', digest: 'd1', seenAt: 1 }]);

  assert.deepEqual((await hosts.get(id))?.os, {
    id: 'openEuler',
    versionId: '24.03',
    prettyName: 'openEuler',
  });
});

test('a maintenance that is prolonged while its end is about to be written goes on', async (t) => {
  const { store, clock, hosts, add, reconcilers, events } = await openTestHosts(t);
  const id = await add();
  const maintenance = { since: toTimestamp(clock.now()), by: 'ann', reason: 'disk' };
  const setUntil = (ms: number) =>
    store.transaction((transaction) =>
      hosts.setMaintenance(transaction, id, { ...maintenance, until: toTimestamp(ms) }),
    );
  await setUntil(clock.now() + MINUTE_MS);
  clock.advance(MINUTE_MS);

  const prolonged = setUntil(clock.now() + 60 * MINUTE_MS);
  await reconcilers.find(({ name }) => name === 'hosts.maintenance')?.run();
  await prolonged;

  assert.equal(hosts.index.get(id)?.isInMaintenance, true);
  assert.equal((await hosts.get(id))?.maintenance?.until, toTimestamp(clock.now() + 60 * MINUTE_MS));
  assert.ok(events.every(({ type }) => type !== 'host.maintenance-ended'));
});
