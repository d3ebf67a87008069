import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import { until } from '@pilothouse/testkit';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import { sql } from 'kysely';
import type { MigrationSet, Store } from '../store.ts';
import { conformStore } from '../store-conformance.ts';
import { AWAY_GRACE_MS } from './link.ts';
import { openPostgresReader, openPostgresStore, type PostgresStoreOptions } from './open-postgres-store.ts';
import { READERS } from './reader.ts';
import { SILENT_MS } from './watch.ts';

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

conformStore('postgres', () => openPostgresStore({ url: cluster.newDatabase() }));

/** One that writes, some that read, one that only asks whether anybody is there. */
const CONNECTIONS = 1 + READERS + 1;

interface Tables {
  t_row: { n: number };
}

const rows: MigrationSet = {
  owner: 'test',
  tablePrefix: 't_',
  migrations: [
    {
      id: '0001-create-row',
      up: (db) =>
        db.schema
          .createTable('t_row')
          .addColumn('n', 'integer', (column) => column.primaryKey())
          .execute(),
    },
  ],
};

async function open(
  t: TestContext,
  url: string,
  more: Omit<PostgresStoreOptions, 'url'> = {},
): Promise<Store> {
  const store = await openPostgresStore({ url, ...more });
  t.after(() => store.close());
  await store.migrate([rows]);
  return store;
}

const insert = (store: Store, n: number): Promise<unknown> =>
  store.transaction((transaction) => transaction.as<Tables>().insertInto('t_row').values({ n }).execute());

async function numbersOf(store: Pick<Store, 'as'>): Promise<number[]> {
  const found = await store.as<Tables>().selectFrom('t_row').select('n').orderBy('n').execute();
  return found.map(({ n }) => n);
}

const codeOf = (attempt: Promise<unknown>): Promise<string | null> =>
  attempt.then(
    () => null,
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );

/** Our writing session, cut as an administrator does. */
const cutWriter = (url: string): string =>
  cluster.sql(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database =
    (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );

test('one server at a time: a second one is refused and told who is there, a reader is not', async (t) => {
  const url = cluster.newDatabase();
  const store = await open(t, url);
  await insert(store, 1);

  await assert.rejects(openPostgresStore({ url }), (error) => {
    assert.ok(isAppError(error) && error.code === 'STORE_IN_USE');
    assert.match(String(error.details['who']), /^pilothouse-server \S+ \d+ at this machine$/);
    return true;
  });
  const reader = await openPostgresReader({ url });
  assert.deepEqual(await numbersOf(reader), [1]);
  await assert.rejects(reader.as<Tables>().deleteFrom('t_row').execute(), /read-only/);
  await reader.close();
});

test('an address with nobody behind it is refused without the password', async () => {
  await assert.rejects(openPostgresStore({ url: 'postgres://me:secret@127.0.0.1:1/x' }), (error) => {
    assert.ok(isAppError(error) && error.code === 'STORE_UNREACHABLE');
    assert.equal(error.details['place'], '127.0.0.1:1/x');
    assert.doesNotMatch(JSON.stringify(error.details), /secret/);
    return true;
  });
});

test('a session that was cut comes back by itself, and nothing of its open transaction is kept', async (t) => {
  const url = cluster.newDatabase();
  const store = await open(t, url);

  const cut = store.transaction(async (transaction) => {
    await transaction.as<Tables>().insertInto('t_row').values({ n: 1 }).execute();
    cutWriter(url);
    await transaction.as<Tables>().insertInto('t_row').values({ n: 2 }).execute();
  });

  assert.equal(await codeOf(cut), 'STORE_AWAY');
  await insert(store, 3);
  assert.deepEqual(await numbersOf(store), [3]);
});

test('a commit whose answer was lost is asked after, and told as the database has it', async (t) => {
  const url = cluster.newDatabase();
  const store = await open(t, url);
  const said: string[] = [];
  // A deferred trigger waits inside COMMIT, where the session is cut: before it, so that the commit fails …
  cluster.sql(
    url,
    `
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON t_row DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`,
  );
  const lost = store.transaction(async (transaction) => {
    await transaction.as<Tables>().insertInto('t_row').values({ n: 1 }).execute();
    transaction.afterCommit(() => said.push('lost'));
  });
  await until('the commit to wait', 5_000, async () => cluster.sql(url, sleepers) === '1');
  cutWriter(url);

  assert.equal(await codeOf(lost), 'STORE_AWAY');
  cluster.sql(url, 'DROP TRIGGER wait ON t_row');
  await insert(store, 2);
  assert.deepEqual(await numbersOf(store), [2]);
  assert.deepEqual(said, []);
});

const sleepers = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;

/** Stands before the database; once, it swallows the answer to a COMMIT and hangs up. */
async function forgetfulProxy(t: TestContext, url: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-proxy-'));
  const target = join(new URL(url).searchParams.get('host') ?? '', '.s.PGSQL.5432');
  let isForgetful = true;
  const server = createServer((client) => {
    const upstream = connect(target);
    let isSwallowing = false;
    client.on('data', (piece) => {
      isSwallowing = isForgetful && piece.includes('COMMIT');
      upstream.write(piece);
    });
    upstream.on('data', (piece) => {
      if (!isSwallowing) return client.write(piece);
      isForgetful = false;
      return client.destroy();
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('close', () => other.destroy()).on('error', () => other.destroy());
  });
  await once(server.listen(join(directory, '.s.PGSQL.5432')), 'listening');
  t.after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  const own = new URL(url);
  own.searchParams.set('host', directory);
  return own.href;
}

test('a commit that happened while the connection broke is told as done, once', async (t) => {
  const url = cluster.newDatabase();
  const direct = await openPostgresStore({ url });
  await direct.migrate([rows]);
  await direct.close();
  const store = await openPostgresStore({ url: await forgetfulProxy(t, url) });
  t.after(() => store.close());
  const said: string[] = [];

  await store.transaction(async (transaction) => {
    await transaction.as<Tables>().insertInto('t_row').values({ n: 1 }).execute();
    transaction.afterCommit(() => said.push('done'));
  });
  await insert(store, 2);

  assert.deepEqual(said, ['done']);
  assert.deepEqual(await numbersOf(store), [1, 2]);
});

test('while the database is away requests are refused with a code, and served again when it is back', async (t) => {
  const url = cluster.newDatabase();
  const clock = fakeClock();
  let lost = 0;
  const noticed = (text: string) => void (lost += Number(text === 'database connection lost'));
  const log = { info() {}, warn: noticed, error() {} };
  const store = await open(t, url, { clock, log });
  await insert(store, 1);
  await cluster.kill('SIGKILL');
  await until('every connection to be lost', 10_000, async () => lost === CONNECTIONS);

  const first = Promise.all([insert(store, 2), numbersOf(store)].map(codeOf));
  clock.advance(AWAY_GRACE_MS);
  const late = await first;
  // The clock stands: whoever were given a grace of his own would wait for ever.
  const refusals = await Promise.all(Array.from({ length: 100 }, (_, n) => codeOf(insert(store, 10 + n))));
  await cluster.start();
  await until('the store to take writes again', 10_000, async () => {
    clock.advance(1_000);
    return (await codeOf(insert(store, 3))) === null;
  });

  assert.deepEqual(late, ['STORE_AWAY', 'STORE_AWAY']);
  assert.deepEqual(new Set(refusals), new Set(['STORE_AWAY']));
  const read = await until('reads', 10_000, async () => {
    clock.advance(1_000);
    return numbersOf(store).catch(() => null);
  });
  assert.deepEqual(read, [1, 3]);
});

test('a database that stands still is told like one that is away, and nothing of it is lost', async (t) => {
  const url = cluster.newDatabase();
  const clock = fakeClock();
  let lost = 0;
  const noticed = (text: string) => void (lost += Number(text === 'database connection lost'));
  const store = await open(t, url, { clock, log: { warn: noticed, error() {} } });
  await insert(store, 1);

  cluster.freeze();
  t.after(() => cluster.thaw());
  const inDoubt = insert(store, 2).then(
    () => null,
    (error: unknown) => error,
  );
  for (let n = 0; n * 1_000 <= SILENT_MS + 3_000; n++) clock.advance(1_000);
  await until('every connection to be given up', 10_000, async () => lost === CONNECTIONS);
  clock.advance(AWAY_GRACE_MS);
  const refusals = await Promise.all([insert(store, 3), numbersOf(store)].map(codeOf));
  cluster.thaw();
  await until('the store to take writes again', 20_000, async () => {
    clock.advance(1_000);
    return (await codeOf(insert(store, 4))) === null;
  });

  assert.deepEqual(refusals, ['STORE_AWAY', 'STORE_AWAY']);
  const failure = await inDoubt;
  const numbers = await until('reads', 10_000, async () => {
    clock.advance(1_000);
    return numbersOf(store).catch(() => null);
  });
  assert.deepEqual(numbers, failure === null ? [1, 2, 4] : [1, 4]);
});

test('a statement that takes long is no database that stands still', async (t) => {
  const clock = fakeClock();
  let lost = 0;
  const noticed = (text: string) => void (lost += Number(text === 'database connection lost'));
  const url = cluster.newDatabase();
  const store = await open(t, url, { clock, log: { warn: noticed, error() {} } });
  const of = 'FROM pg_stat_activity WHERE datname = current_database()';
  const lastAnswer = (): string =>
    cluster.sql(url, `SELECT query_start ${of} AND query = 'SELECT 1' AND state = 'idle'`);

  const slow = codeOf(store.transaction((transaction) => sql`SELECT pg_sleep(60)`.execute(transaction.as())));
  const answers: string[] = [];
  for (let ms = 0; ms <= 2 * SILENT_MS; ms += 2_000) {
    clock.advance(2_000);
    // By the real database, whose time is another. What it answered last may not have been read yet.
    await until(
      'a question to be answered',
      10_000,
      async () => !['', answers.at(-2)].includes(lastAnswer()),
    );
    answers.push(lastAnswer());
    await numbersOf(store);
  }
  cluster.sql(url, `SELECT pg_cancel_backend(pid) ${of} AND query LIKE 'SELECT pg_sleep%'`);
  const end = await slow;

  assert.equal(lost, 0);
  assert.ok(end !== null && end !== 'STORE_AWAY', String(end));
});

test('a restart of the database within the grace fails no transaction that had not begun', async (t) => {
  const url = cluster.newDatabase();
  const store = await open(t, url);
  await insert(store, 0);

  await cluster.kill('SIGQUIT');
  const waiting = Array.from({ length: 20 }, (_, n) => insert(store, n + 1));
  await cluster.start();
  await Promise.all(waiting);

  assert.equal((await numbersOf(store)).length, 21);
});

test('a table that changed its columns is read as it is now', async (t) => {
  const url = cluster.newDatabase();
  const store = await open(t, url);
  await insert(store, 1);
  const read = () => store.as<Tables>().selectFrom('t_row').selectAll().execute();
  for (let i = 0; i < 20; i++) await read();

  cluster.sql(url, 'ALTER TABLE t_row ADD COLUMN color text');
  const found = await Promise.all(Array.from({ length: 20 }, read));

  assert.ok(found.every(([row]) => row !== undefined && 'color' in row));
});

test('a server that was away while another took over writes nothing any more', async (t) => {
  const url = cluster.newDatabase();
  const store = await open(t, url);
  await insert(store, 1);
  // What the other one leaves: its name in the store, and the lock free again.
  cluster.sql(url, `UPDATE store_meta SET value = 'somebody else' WHERE name = 'owner'`);
  cutWriter(url);

  await until('the first to give up', 10_000, async () => (await codeOf(insert(store, 2))) === 'STORE_TAKEN');
  assert.deepEqual(await numbersOf(store), [1]);
});
