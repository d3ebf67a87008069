import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { AppError, isAppError } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import type { MigrationSet, Store } from '../store.ts';
import { openPostgresStore, type PostgresStoreOptions } from './open-postgres-store.ts';
import { standBy } from './stand-by.ts';

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

interface Tables {
  t_row: { n: number };
}

const rows: MigrationSet = {
  owner: 'test',
  tablePrefix: 't_',
  migrations: [
    { id: '0001-create-row', up: (db) => db.schema.createTable('t_row').addColumn('n', 'integer').execute() },
  ],
};

async function lead(
  t: TestContext,
  url: string,
  more: Omit<PostgresStoreOptions, 'url'> = {},
): Promise<Store> {
  const store = await openPostgresStore({ url, isWatched: true, ...more });
  t.after(() => store.close());
  await store.migrate([rows]);
  return store;
}

const insert = (store: Store, n: number): Promise<unknown> =>
  store.transaction((transaction) => transaction.as<Tables>().insertInto('t_row').values({ n }).execute());

const written = (url: string): string => cluster.sql(url, 'SELECT n FROM t_row ORDER BY n');

const never = new AbortController().signal;
const nobodyTold = { signal: never, waiting: () => undefined };

test('whoever stands by waits while somebody writes, and is told as soon as nobody does', async (t) => {
  const url = cluster.newDatabase();
  const leader = await lead(t, url);
  const told = Promise.withResolvers<string>();
  const turn = standBy({ url, signal: never, waiting: told.resolve });

  const holder = await told.promise;
  await leader.close();

  assert.match(holder, /^pilothouse-leader /);
  assert.equal(await turn, true);
});

test('a leader whose machine says nothing any more is ended, commits nothing, and is told who took over', async (t) => {
  const url = cluster.newDatabase();
  // A clock that stands still says nothing, as a machine that was frozen or cut off.
  const frozen = fakeClock();
  let isTaken = false;
  const old = await lead(t, url, { clock: frozen, taken: () => (isTaken = true) });
  await insert(old, 1);

  const turn = await standBy({ url, ...nobodyTold });
  const next = await lead(t, url);
  await insert(next, 2);
  const late = insert(old, 3);
  late.catch(() => undefined);
  await until('the old leader to know', 10_000, async () => {
    frozen.advance(1000);
    return isTaken;
  });

  assert.equal(turn, true);
  await assert.rejects(late, (error) => isAppError(error));
  await assert.rejects(insert(old, 4), (error) => error instanceof AppError && error.code === 'STORE_TAKEN');
  assert.equal(written(url), '1\n2');
});

test('a leader that speaks is left alone, also when it has nothing to write', async (t) => {
  const url = cluster.newDatabase();
  const leader = await lead(t, url);
  const stop = new AbortController();
  const turn = standBy({ url, signal: stop.signal, waiting: () => undefined });

  // Longer than a silent one would have been left.
  await until(
    'eight seconds of the database',
    20_000,
    async () =>
      cluster.sql(
        url,
        `SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'pilothouse-leader%'
        AND clock_timestamp() - backend_start > interval '8 seconds'`,
      ) === '1',
  );
  await insert(leader, 1);
  stop.abort();

  assert.equal(await turn, false);
  assert.equal(written(url), '1');
});

test('a leader whose session an administrator ended goes on when nobody took its place', async (t) => {
  const url = cluster.newDatabase();
  const leader = await lead(t, url, { taken: () => assert.fail('nobody took over') });
  await insert(leader, 1);

  cluster.sql(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pilothouse-leader%'`,
  );
  await until('it to write again', 10_000, () =>
    insert(leader, 2).then(
      () => true,
      () => null,
    ),
  );

  assert.equal(written(url), '1\n2');
});

test('a server that is alone and promised nobody to speak is never ended', async (t) => {
  const url = cluster.newDatabase();
  await lead(t, url, { isWatched: false });

  const refused = standBy({ url, ...nobodyTold });

  await assert.rejects(refused, (error) => error instanceof AppError && error.code === 'STORE_IN_USE');
});
