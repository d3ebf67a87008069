import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import { AppError, isAppError } from '@pilothouse/contract';
import { bodyOf, digestOf, openTestFacts, present, type TestFacts } from './open-test-facts.ts';
import type { FactsTables } from './store.ts';

const debian = { id: 'debian', versionId: '12' };
const openEuler = { id: 'openEuler', versionId: '24.03' };
const isCode = (code: string) => (error: unknown) => isAppError(error) && error.code === code;
const spansStored = async ({ registry }: TestFacts) =>
  await registry.store.as<FactsTables>().selectFrom('facts_span').selectAll().orderBy('since').execute();
const bodiesStored = async ({ registry }: TestFacts) =>
  await registry.store.as<FactsTables>().selectFrom('facts_body').select('digest').execute();

test('asks one host of many for a body, and shows it for all', async (t) => {
  const room = await openTestFacts(t);
  const { facts, registry } = room;
  const hosts = [await registry.add(), await registry.add(), await registry.add()];

  const wanted: string[][] = [];
  for (const host of hosts)
    wanted.push(await facts.report(host, [present('os', debian)], registry.clock.now()));
  await facts.putBody(hosts[0] ?? '', digestOf(debian), bodyOf(debian));

  assert.deepEqual(wanted, [[digestOf(debian)], [], []]);
  assert.deepEqual(facts.bodyNow(digestOf(debian)), debian);
  assert.equal((await bodiesStored(room)).length, 1);
  for (const host of hosts) {
    assert.equal(registry.hosts.index.get(host)?.facts.get('os')?.digest, digestOf(debian));
    assert.deepEqual((await registry.hosts.get(host))?.os?.id, 'debian');
  }
});

test('an unchanged report writes nothing, and a confirmation at most once an hour', async (t) => {
  const room = await openTestFacts(t);
  const { facts, registry, give } = room;
  const host = await registry.add();
  await give(host, 'os', debian);
  const before = await spansStored(room);

  registry.clock.advance(10 * MINUTE_MS);
  await give(host, 'os', debian);
  const afterMinutes = await spansStored(room);
  registry.clock.advance(HOUR_MS);
  await give(host, 'os', debian);
  const afterHours = await spansStored(room);

  assert.deepEqual(afterMinutes, before);
  assert.equal(afterHours.length, 1);
  assert.equal(Number(afterHours[0]?.seen_at), registry.clock.now());
  assert.equal(registry.hosts.index.get(host)?.facts.get('os')?.seenAt, registry.clock.now());
  assert.deepEqual(facts.knownDigests(host), { os: digestOf(debian) });
});

test('history follows without gaps, and a look back finds what held then', async (t) => {
  const { facts, registry, give } = await openTestFacts(t);
  const host = await registry.add();
  const start = registry.clock.now();

  await give(host, 'os', debian);
  registry.clock.advance(DAY_MS);
  await give(host, 'os', openEuler);
  registry.clock.advance(DAY_MS);
  await facts.report(
    host,
    [{ kind: 'absent', fact: 'os', reason: 'failed', detail: 'read /etc/os-release' }],
    registry.clock.now(),
  );

  const history = await facts.history(host, 'os', 10);
  const digests = history.map((span) => (span.report.kind === 'present' ? span.report.digest : null));
  assert.deepEqual(digests, [null, digestOf(openEuler), digestOf(debian)]);
  assert.deepEqual(
    history.slice(1).map((span) => span.to),
    history.slice(0, -1).map((span) => span.from),
  );
  const [then] = await facts.asOf(host, start + DAY_MS - 1);
  assert.deepEqual(then?.report, present('os', debian));
  assert.deepEqual(await facts.asOf(host, start - 1), []);
  assert.equal(facts.absence(host, 'os'), 'failed');
  assert.equal(registry.hosts.index.get(host)?.facts.has('os'), false);
});

test('a host whose clock runs ahead does not write into the future', async (t) => {
  const { facts, registry } = await openTestFacts(t);
  const host = await registry.add();

  await facts.report(host, [present('os', debian)], registry.clock.now() + DAY_MS);

  const [span] = await facts.current(host);
  assert.equal(Date.parse(span?.from ?? ''), registry.clock.now());
});

test('two reports of one host at once end in the order they came', async (t) => {
  const { facts, registry } = await openTestFacts(t);
  const host = await registry.add();
  const now = registry.clock.now();

  await Promise.all([
    facts.report(host, [present('os', debian)], now),
    facts.report(host, [present('os', openEuler)], now),
    facts.report(host, [present('os', debian)], now),
  ]);

  const history = await facts.history(host, 'os', 10);
  assert.equal(history.length, 3);
  assert.deepEqual(history[0]?.report, present('os', debian));
  assert.equal(history.filter((span) => span.to === null).length, 1);
});

test('refuses bodies that are unknown, wrong, too large or unlike their fact', async (t) => {
  const { facts, registry } = await openTestFacts(t);
  const host = await registry.add();
  const strange = { id: 'debian' };
  const large = { ...debian, prettyName: 'x'.repeat(2000) };
  await facts.report(host, [present('os', debian)], registry.clock.now());
  await assert.rejects(
    facts.putBody(host, digestOf(openEuler), bodyOf(openEuler)),
    isCode('FACT_BODY_UNWANTED'),
  );
  await assert.rejects(
    facts.putBody(host, digestOf(debian), bodyOf(openEuler)),
    isCode('FACT_BODY_DIGEST_MISMATCH'),
  );
  await facts.report(host, [present('os', strange)], registry.clock.now());
  await assert.rejects(facts.putBody(host, digestOf(strange), bodyOf(strange)), isCode('FACT_BODY_INVALID'));
  await facts.report(host, [present('os', large)], registry.clock.now());
  await assert.rejects(facts.putBody(host, digestOf(large), bodyOf(large)), isCode('FACT_BODY_TOO_LARGE'));

  const again = await facts.report(host, [present('os', large)], registry.clock.now());

  assert.deepEqual(again, [], 'nobody is asked again for what was refused');
  assert.equal(facts.bodyNow(digestOf(strange)), null);
});

test('a body that comes with its report is stored and not asked for; one that does not fit is refused alone', async (t) => {
  const room = await openTestFacts(t);
  const { facts, registry } = room;
  const [good, bad] = [await registry.add(), await registry.add()];
  const strange = { id: 'debian' };
  const told: string[] = [];
  facts.onChange((changes) => told.push(...changes.map(({ hostId }) => hostId)));
  const textOf = (body: unknown): string => Buffer.from(bodyOf(body)).toString('utf8');
  const now = registry.clock.now();

  const wanted = await facts.report(good, [present('os', debian)], now, [
    textOf(debian),
    'nobody named this',
  ]);
  const refused = await facts.report(bad, [present('os', strange)], now, [textOf(strange)]);

  assert.deepEqual([wanted, refused], [[], []]);
  assert.deepEqual(facts.bodyNow(digestOf(debian)), debian);
  assert.equal(facts.bodyNow(digestOf(strange)), null);
  assert.deepEqual(told, [good]);
  assert.equal((await bodiesStored(room)).length, 1);
});

test('does not store facts that no plugin declares, nor those of strangers', async (t) => {
  const room = await openTestFacts(t);
  const host = await room.registry.add();

  const unknown = await room.facts.report(host, [present('horoscope', {})], 1);
  const stranger = await room.facts.report('h_stranger', [present('os', debian)], 1);

  assert.deepEqual([unknown, stranger], [[], []]);
  assert.deepEqual(await spansStored(room), []);
});

test('tells of a change when its body is there, and never of one that was replaced before', async (t) => {
  const { facts, registry, changes } = await openTestFacts(t);
  const host = await registry.add();
  const now = registry.clock.now();

  await facts.report(host, [present('os', debian)], now);
  const early = changes.length;
  await facts.report(host, [present('os', openEuler)], now);
  await facts.putBody(host, digestOf(openEuler), bodyOf(openEuler));
  await facts.report(host, [{ kind: 'absent', fact: 'os', reason: 'failed', detail: '' }], now);
  const other = await registry.add();
  await facts.report(other, [present('os', debian)], now);
  await facts.putBody(other, digestOf(debian), bodyOf(debian));

  assert.equal(early, 0);
  assert.deepEqual(
    changes.map(({ hostId, before, after }) => ({ hostId, before, after })),
    [
      { hostId: host, before: digestOf(debian), after: digestOf(openEuler) },
      { hostId: host, before: digestOf(openEuler), after: null },
      { hostId: other, before: null, after: digestOf(debian) },
    ],
  );
});

test('a start finds everything as it was, and warms what is asked for', async (t) => {
  const { registry, give, reopen } = await openTestFacts(t);
  const host = await registry.add();
  await give(host, 'os', debian);
  const packages = { system: 'dpkg', packages: [{ name: 'bash', version: '5.2-1', arch: 'amd64' }] };
  await give(host, 'packages', packages);

  const { facts } = await reopen();

  assert.deepEqual(facts.bodyNow(digestOf(debian)), debian, 'the small facts are there at once');
  assert.equal(facts.bodyNow(digestOf(packages)), null);
  await facts.warm('packages');
  assert.deepEqual(facts.bodyNow(digestOf(packages)), packages);
  assert.deepEqual(await facts.report(host, [present('os', debian)], registry.clock.now()), []);
});

test('a stored body that is damaged is as good as absent, and is asked for again', async (t) => {
  const room = await openTestFacts(t);
  const { registry, give, reopen } = room;
  const host = await registry.add();
  const packages = { system: 'dpkg', packages: [] };
  await give(host, 'packages', packages);
  await registry.store.transaction((transaction) =>
    transaction.as<FactsTables>().updateTable('facts_body').set({ body: 'zstd:x' }).execute(),
  );

  const { facts } = await reopen();
  const damaged = await facts.body(digestOf(packages));
  const wanted = await facts.report(host, [present('packages', packages)], registry.clock.now());
  await facts.putBody(host, digestOf(packages), bodyOf(packages));
  const again = await reopen();

  assert.equal(damaged, null);
  assert.deepEqual(wanted, [digestOf(packages)]);
  assert.deepEqual(await again.facts.body(digestOf(packages)), packages);
});

test('old history goes with its bodies, what holds now stays however old it is', async (t) => {
  const room = await openTestFacts(t);
  const { registry, give, facts, reconcilers } = room;
  const host = await registry.add();
  await give(host, 'os', debian);
  registry.clock.advance(SECOND_MS);
  await give(host, 'os', openEuler);
  registry.clock.advance(500 * DAY_MS);

  for (const reconciler of reconcilers) await reconciler.run();

  assert.deepEqual(
    (await bodiesStored(room)).map((row) => row.digest),
    [digestOf(openEuler)],
  );
  assert.equal((await facts.history(host, 'os', 10)).length, 1);
  assert.equal(await facts.body(digestOf(debian)), null);
  assert.equal(facts.has('os', digestOf(debian)), false);
});

test('a report that the store did not take is neither claimed nor begun beside what holds', async (t) => {
  const room = await openTestFacts(t);
  const { facts, registry, give } = room;
  const host = await registry.add();
  await give(host, 'os', debian);
  const away = () => {
    throw new AppError('STORE_AWAY', { place: 'test' });
  };
  const { store } = registry;

  registry.clock.advance(SECOND_MS);
  const writing = t.mock.method(store, 'transaction', async () => away());
  const reading = t.mock.method(store, 'as', away);
  await assert.rejects(give(host, 'os', openEuler), isCode('STORE_AWAY'));
  await assert.rejects(give(host, 'os', openEuler), isCode('STORE_AWAY'));
  writing.mock.restore();
  reading.mock.restore();
  const between = await spansStored(room);
  await Promise.all([give(host, 'os', openEuler), give(host, 'os', openEuler)]);

  assert.equal(between.length, 1);
  const history = await facts.history(host, 'os', 10);
  assert.deepEqual(
    history.map(({ report, to }) => [report.kind === 'present' ? report.digest : null, to === null]),
    [
      [digestOf(openEuler), true],
      [digestOf(debian), false],
    ],
  );
  assert.deepEqual(facts.knownDigests(host), { os: digestOf(openEuler) });
});

test('of two reports at once the one that the store took is what is known', async (t) => {
  const { facts, registry, give, reopen } = await openTestFacts(t);
  const host = await registry.add();
  await give(host, 'os', debian);
  const { store } = registry;
  registry.clock.advance(SECOND_MS);
  const now = registry.clock.now();
  const packages = { system: 'dpkg', packages: [] };
  t.mock.method(
    store,
    'transaction',
    async () => {
      throw new AppError('STORE_AWAY', { place: 'test' });
    },
    { times: 1 },
  );

  const first = facts.report(host, [present('packages', packages)], now);
  const second = facts.report(host, [present('os', openEuler)], now);

  await assert.rejects(first, isCode('STORE_AWAY'));
  await second;
  const digests = () =>
    [...(registry.hosts.index.get(host)?.facts ?? [])].map(([fact, { digest }]) => [fact, digest]);
  assert.deepEqual(digests(), [['os', digestOf(openEuler)]]);
  assert.equal(facts.absence(host, 'packages'), null);
  const wanted = await facts.report(host, [present('packages', packages)], now);
  assert.deepEqual(wanted, [digestOf(packages)]);
  const again = await reopen();
  assert.deepEqual(await again.facts.current(host), await facts.current(host));
});
