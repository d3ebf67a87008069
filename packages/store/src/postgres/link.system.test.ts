import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '@pilothouse/testkit';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { sql } from 'kysely';
import { PostgresLink, PREPARE_MAX_MS } from './link.ts';
import { linkOptions, openPostgresReader } from './open-postgres-store.ts';
import { openTestProxy } from './open-test-proxy.ts';
import { standBy } from './stand-by.ts';
import { SILENT_MS } from './watch.ts';

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

const one = (reader: Awaited<ReturnType<typeof openPostgresReader>>) =>
  sql<{ n: number }>`SELECT 1 AS n`.execute(reader.as());

test('a database that falls silent while a connection is made fit is asked over another', async (t) => {
  const url = cluster.newDatabase();
  const clock = fakeClock();
  let times = 0;
  const link = await PostgresLink.open({
    ...linkOptions({ url, clock }),
    async prepare(connection) {
      times += 1;
      if (times === 2) await connection.perform('SELECT pg_sleep(600)');
    },
  });
  t.after(() => link.close());
  link.giveUp(new Error('lost'));
  await until('the second connection', 10_000, async () => {
    if (times < 2) clock.advance(1_000);
    return times === 2;
  });

  clock.advance(PREPARE_MAX_MS);

  await until('the third connection', 10_000, async () => {
    if (times < 3) clock.advance(1_000);
    return link.current !== null;
  });
  assert.equal(times, 3);
});

test('who waits for a leader asks over another connection when the machine of the database has vanished', async (t) => {
  const proxy = await openTestProxy(t, cluster.newDatabase());
  const clock = fakeClock();
  const reader = await openPostgresReader({
    url: proxy.url,
    clock,
    connections: 1,
    answerWithinMs: SILENT_MS,
  });
  t.after(() => reader.close());
  await one(reader);

  proxy.swallow();
  let isAsking = false;
  let rows: unknown = null;
  const ask = (): void => {
    isAsking = true;
    one(reader)
      .then(
        (answer) => (rows = answer.rows),
        () => undefined,
      )
      .finally(() => (isAsking = false));
  };
  await until('an answer', 10_000, async () => {
    if (!isAsking) ask();
    clock.advance(500);
    return rows !== null;
  });

  assert.deepEqual(rows, [{ n: 1 }]);
});

test('whoever stands by finds its turn when the machine of the database has vanished with the leader', async (t) => {
  const url = cluster.newDatabase();
  const proxy = await openTestProxy(t, url);
  const clock = fakeClock();
  const held = await PostgresLink.open({
    ...linkOptions({ url, clock }),
    applicationName: 'pilothouse-leader test',
    async prepare(connection) {
      await connection.perform('SELECT pg_advisory_lock(1346925413, hashtext(current_schema()))');
    },
  });
  const told = Promise.withResolvers<string>();
  const turn = standBy({
    url: proxy.url,
    clock,
    signal: new AbortController().signal,
    waiting: told.resolve,
  });
  await told.promise;

  proxy.swallow();
  await held.close();
  let isTurn = false;
  void turn.then((its) => (isTurn = its));

  await until('its turn', 10_000, async () => {
    clock.advance(500);
    return isTurn;
  });
});
