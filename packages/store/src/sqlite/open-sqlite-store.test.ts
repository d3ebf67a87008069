import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { isAppError } from '@pilothouse/contract';
import type { MigrationSet } from '../store.ts';
import { conformStore } from '../store-conformance.ts';
import { openSqliteReader, openSqliteStore } from './open-sqlite-store.ts';
import { SqliteThread, WORKER_FILE } from './thread.ts';
import type { WorkerOptions } from './worker-protocol.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'store-test-'));
  directories.push(directory);
  return directory;
}

interface Tables {
  t_row: { n: number; pad: string };
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
          .addColumn('pad', 'text', (column) => column.notNull())
          .execute(),
    },
  ],
};

conformStore('memory', () => openSqliteStore({ path: ':memory:' }));
conformStore('file', () => openSqliteStore({ path: join(scratch(), 'store.db') }));

async function filled(path: string): Promise<void> {
  const store = await openSqliteStore({ path });
  await store.migrate([rows]);
  await store.transaction((transaction) =>
    transaction
      .as<Tables>()
      .insertInto('t_row')
      .values(Array.from({ length: 2_000 }, (_, n) => ({ n, pad: 'x'.repeat(200) })))
      .execute(),
  );
  await store.close();
}

test('kill -9 in the middle of writing loses no commit that was acknowledged, and keeps none by half', async () => {
  const path = join(scratch(), 'store.db');
  const first = await openSqliteStore({ path });
  await first.migrate([rows]);
  await first.close();
  let acknowledged = -1;

  for (let round = 0; round < 3; round++) {
    rmSync(path);
    const store = await openSqliteStore({ path });
    await store.migrate([rows]);
    await store.close();
    const child = spawn(process.execPath, [join(import.meta.dirname, 'write-until-killed.ts'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    acknowledged = -1;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 100 + 37 * round) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');

    const after = await openSqliteStore({ path });
    const found = await after.as<Tables>().selectFrom('t_row').select('n').orderBy('n').execute();
    await after.close();

    assert.equal(child.signalCode, 'SIGKILL');
    assert.ok(
      found.length >= 2 * (acknowledged + 1),
      `${found.length} rows, ${acknowledged + 1} acknowledged`,
    );
    assert.equal(found.length % 2, 0);
    assert.ok(found.every(({ n }, i) => n === i));
  }
});

test('a file that is no database is refused and left as it was', async () => {
  const path = join(scratch(), 'store.db');
  writeFileSync(path, 'this is not a database, but somebody may need it\n'.repeat(100));
  const before = readFileSync(path);

  await assert.rejects(openSqliteStore({ path }), { code: 'STORE_CORRUPT' });

  assert.deepEqual(readFileSync(path), before);
});

test('a damaged page is found at start, and the file left as it was', async () => {
  const path = join(scratch(), 'store.db');
  await filled(path);
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 8 * 4096, 12 * 4096);
  writeFileSync(path, bytes);

  await assert.rejects(openSqliteStore({ path }), (error) => {
    assert.ok(isAppError(error) && error.code === 'STORE_CORRUPT');
    assert.match(String(error.details['problem']), /^[^*\n]+$/, 'a cause in one line');
    return true;
  });

  assert.deepEqual(readFileSync(path), bytes);
});

test('a file that lost its end is found at start', async () => {
  const path = join(scratch(), 'store.db');
  await filled(path);
  truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096);

  await assert.rejects(openSqliteStore({ path }), { code: 'STORE_CORRUPT' });
});

test('a large file is read through beside its use, and once damage is found nothing is written to it', async () => {
  const path = join(scratch(), 'store.db');
  await filled(path);
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 8 * 4096, 12 * 4096);
  writeFileSync(path, bytes);
  const told = Promise.withResolvers<string>();
  const store = await openSqliteStore({
    path,
    checkedBytesMax: 4096,
    log: { warn() {}, error: (text) => told.resolve(text) },
  });

  const text = await told.promise;
  const write = store.transaction((transaction) =>
    transaction.as<Tables>().insertInto('t_row').values({ n: 1_000_000, pad: '' }).execute(),
  );

  await assert.rejects(write, { code: 'STORE_CORRUPT' });
  assert.equal(text, 'the store file is damaged; nothing is written to it any more');
  await store.close();
  assert.deepEqual(readFileSync(path), bytes);
});

test('a large file that is whole is used while it is read through, and closed without waiting', async () => {
  const path = join(scratch(), 'store.db');
  await filled(path);
  const errors: string[] = [];
  const log = { warn() {}, error: (text: string) => void errors.push(text) };
  const store = await openSqliteStore({ path, checkedBytesMax: 4096, log });

  await store.transaction((transaction) =>
    transaction.as<Tables>().insertInto('t_row').values({ n: 1_000_000, pad: '' }).execute(),
  );

  await store.close();
  assert.deepEqual(errors, []);
});

test('a path that cannot be opened says so', async () => {
  await assert.rejects(openSqliteStore({ path: join(scratch(), 'absent', 'store.db') }), {
    code: 'STORE_UNREADABLE',
  });
});

test('a reader looks at the file of a running store, and at a copy, and writes to neither', async () => {
  const directory = scratch();
  const path = join(directory, 'store.db');
  await filled(path);
  const store = await openSqliteStore({ path });
  copyFileSync(path, join(directory, 'copy.db'));

  for (const each of [path, join(directory, 'copy.db')]) {
    const reader = await openSqliteReader({ path: each });
    const found = await reader.as<Tables>().selectFrom('t_row').select('n').execute();
    assert.equal(found.length, 2_000);
    await assert.rejects(reader.as<Tables>().deleteFrom('t_row').execute());
    await reader.close();
  }

  await store.close();
});

test('a store in memory leaves no file, not even while it is open', async () => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('pilothouse-store-'));

  const store = await openSqliteStore({ path: ':memory:' });
  const during = readdirSync(tmpdir()).filter((name) => name.startsWith('pilothouse-store-'));
  await store.close();

  // Other tests may have theirs for the instant between making and opening; ours is not among them afterwards.
  assert.ok(during.every((name) => before.includes(name) || !existsSync(join(tmpdir(), name))));
});

test('a value that cannot travel to the thread fails its statement alone', async () => {
  const store = await openSqliteStore({ path: ':memory:' });
  await store.migrate([rows]);
  const odd = (() => 1) as unknown as number;

  await assert.rejects(
    store.transaction((transaction) =>
      transaction.as<Tables>().insertInto('t_row').values({ n: odd, pad: '' }).execute(),
    ),
  );
  await store.transaction((transaction) =>
    transaction.as<Tables>().insertInto('t_row').values({ n: 1, pad: '' }).execute(),
  );

  assert.equal((await store.as<Tables>().selectFrom('t_row').selectAll().execute()).length, 1);
  await store.close();
});

test('a database thread that dies refuses what waits and what comes, and is reported', async () => {
  const path = join(scratch(), 'store.db');
  const deaths: Error[] = [];
  const options: WorkerOptions = { path, role: 'writer', isDurable: false, isChecked: false };
  const worker = new Worker(WORKER_FILE, { workerData: options });
  const thread = await SqliteThread.over(worker, path, (cause) => deaths.push(cause));
  const endless = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c';

  const waiting = thread.request({ kind: 'run', transaction: null, sql: endless, parameters: [] });
  void worker.terminate();

  await assert.rejects(waiting, { code: 'STORE_STOPPED' });
  await assert.rejects(thread.request({ kind: 'run', transaction: null, sql: 'SELECT 1', parameters: [] }), {
    code: 'STORE_STOPPED',
  });
  assert.equal(deaths.length, 1);
});

test('whoever opened a store hears that a thread of it has ended, and not of its own closing', async (t) => {
  let deaths = 0;
  const died = (): void => {
    deaths += 1;
  };
  const workers: Worker[] = [];
  const begin = Worker.prototype.unref;
  t.mock.method(Worker.prototype, 'unref', function note(this: Worker) {
    workers.push(this);
    begin.call(this);
  });
  const closed = await openSqliteStore({ path: join(scratch(), 'store.db'), died });
  await closed.close();
  const before = deaths;

  const store = await openSqliteStore({ path: join(scratch(), 'store.db'), died });
  await workers.at(-1)?.terminate();

  assert.equal(before, 0);
  await assert.rejects(store.as<Tables>().selectFrom('t_row').selectAll().execute(), {
    code: 'STORE_STOPPED',
  });
  assert.equal(deaths, 1);
  await store.close();
});
