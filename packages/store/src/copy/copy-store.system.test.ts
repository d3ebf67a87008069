import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { isAppError } from '@pilothouse/contract';
import { type PostgresCluster, postgresCluster } from '@pilothouse/testkit/postgres';
import fc from 'fast-check';
import { sql } from 'kysely';
import { openStore, type StoreLocation } from '../open-store.ts';
import { storableText } from '../storable-text.ts';
import type { MigrationSet, Store } from '../store.ts';
import { readMeta } from '../store-meta.ts';
import { backUpStore, moveStore, restoreStore } from './copy-store.ts';
import { openSnapshot } from './snapshot.ts';
import { tableEnds } from './write-copy.ts';

// Assigned before the first test asks.
let cluster!: PostgresCluster;
before(async () => {
  cluster = await postgresCluster();
});
after(() => cluster.remove());

interface Tables {
  t_row: { id: string; part: number; note: string | null; body: Uint8Array | null };
  t_seeded: { n: number };
}

const sets: readonly MigrationSet[] = [
  {
    owner: 'test',
    tablePrefix: 't_',
    migrations: [
      {
        id: '0001-create-row',
        up: (db) =>
          db.schema
            .createTable('t_row')
            .addColumn('id', 'text', (column) => column.notNull())
            .addColumn('part', 'integer', (column) => column.notNull())
            .addColumn('note', 'text')
            .addPrimaryKeyConstraint('t_row_pk', ['id', 'part'])
            .execute(),
      },
      {
        id: '0002-add-body',
        async up(db) {
          await db.schema.alterTable('t_row').addColumn('body', 'bytea').execute();
          await db.schema
            .createTable('t_seeded')
            .addColumn('n', 'integer', (column) => column.primaryKey())
            .execute();
          // A change's code knows its own tables.
          await (db as unknown as import('kysely').Kysely<Tables>)
            .insertInto('t_seeded')
            .values({ n: 1 })
            .execute();
        },
      },
    ],
  },
];

let moment = Date.UTC(2026, 0, 2, 3, 4, 5);
// No two are the same: what was put aside is never written over.
const context = { program: '0.0.0-test', now: () => new Date(moment++).toISOString() };

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'store-copy-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const newPlaces = (t: TestContext): StoreLocation[] => [
  { kind: 'sqlite', path: join(scratch(t), 'store.db') },
  { kind: 'postgres', url: cluster.newDatabase() },
];

async function using<Result>(
  location: StoreLocation,
  run: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(location);
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}

const insert = (store: Store, rows: readonly Tables['t_row'][]): Promise<unknown> =>
  store.transaction(async (transaction) => {
    for (let at = 0; at < rows.length; at += 1000)
      await transaction
        .as<Tables>()
        .insertInto('t_row')
        .values(rows.slice(at, at + 1000))
        .execute();
  });

const manyRows = (count: number): Tables['t_row'][] =>
  Array.from({ length: count }, (_, n) => ({
    id: ['a', 'B', 'ä', '中', 'Z-', '_'][n % 6] ?? '',
    part: n,
    note: n % 3 === 0 ? null : `line\n"${n}" \\ é`,
    body: n % 5 === 0 ? Uint8Array.of(n % 256, 0, 255) : null,
  }));

async function fill(location: StoreLocation, rows = manyRows(2_345)): Promise<void> {
  await using(location, async (store) => {
    await store.migrate(sets);
    await insert(store, rows);
  });
}

async function endsOf(location: StoreLocation) {
  const snapshot = await openSnapshot(location);
  try {
    return { tables: await tableEnds(snapshot), meta: await readMeta(snapshot) };
  } finally {
    await snapshot.close();
  }
}

const codeOf = (attempt: Promise<unknown>): Promise<string | null> =>
  attempt.then(
    () => null,
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );

test('a store moves from either engine to either and back, and stays the same to the byte', async (t) => {
  const [file, database] = newPlaces(t);
  const [otherFile, otherDatabase] = newPlaces(t);
  assert.ok(file && database && otherFile && otherDatabase);
  await fill(file);
  const original = await endsOf(file);

  for (const [from, to] of [
    [file, database],
    [database, otherDatabase],
    [otherDatabase, otherFile],
  ] as const) {
    const { rows } = await moveStore(context, { from, to, sets, isReplacing: false });

    const copy = await endsOf(to);
    assert.equal(rows, 2_346);
    assert.deepEqual(copy.tables, original.tables);
    assert.deepEqual(copy.meta, { id: original.meta.id, epoch: '1' });
  }
  await using(otherFile, (store) => store.migrate(sets));
});

test('any rows survive a copy', async (t) => {
  const [from, to] = newPlaces(t);
  assert.ok(from && to);
  await using(from, (store) => store.migrate(sets));
  const text = fc.string({ unit: 'binary' }).map(storableText);
  const row = fc.record({
    id: text,
    part: fc.maxSafeInteger(),
    note: fc.option(text),
    body: fc.option(fc.uint8Array()),
  });
  const key = ({ id, part }: Tables['t_row']): string => `${part} ${id}`;

  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(row, { selector: key, maxLength: 30 }), async (rows) => {
      await using(from, async (store) => {
        await store.transaction((transaction) => transaction.as<Tables>().deleteFrom('t_row').execute());
        await insert(store, rows);
      });
      await moveStore(context, { from, to, sets, isReplacing: true });
      assert.deepEqual((await endsOf(to)).tables, (await endsOf(from)).tables);
    }),
    { numRuns: 15 },
  );
});

test('a text that an older program kept, and no engine of this one holds, moves as the text that it becomes', async (t) => {
  for (const to of newPlaces(t)) {
    const [from] = newPlaces(t);
    assert.ok(from);
    await fill(from, manyRows(3));
    await using(from, (store) =>
      store.transaction((transaction) =>
        sql`INSERT INTO t_row (id, part) VALUES ('old' || char(0), 9)`.execute(transaction.as()),
      ),
    );

    await moveStore(context, { from, to, sets, isReplacing: false });

    const found = await using(to, (store) =>
      store.as<Tables>().selectFrom('t_row').select('id').where('part', '=', 9).execute(),
    );
    assert.deepEqual(found, [{ id: 'old\u{fffd}' }]);
  }
});

test('a backup that an older program took with such a text is whole, and can be restored on both engines', async (t) => {
  const [from] = newPlaces(t);
  assert.ok(from);
  const path = join(scratch(t), 'copy');
  await fill(from, [{ id: 'a', part: 1, note: 'odd', body: null }]);
  await backUpStore(context, { from, path, files: [] });
  const lines = zstdDecompressSync(readFileSync(path)).toString('utf8').split('\n');
  const at = lines.findIndex((line) => line.includes('"odd"'));
  const row = (lines[at] ?? '').replace('odd', '\\u0000\\ud800');
  const sha256 = createHash('sha256').update(`${row}\n`).digest('hex');
  const end = JSON.stringify({ kind: 'table-end', name: 't_row', rows: 1, sha256 });
  writeFileSync(path, zstdCompressSync(lines.toSpliced(at, 2, row, end).join('\n')));

  for (const to of newPlaces(t)) {
    await restoreStore(context, { path, to, sets, isReplacing: false }, () => undefined);

    const found = await using(to, (store) => store.as<Tables>().selectFrom('t_row').select('note').execute());
    assert.deepEqual(found, [{ note: '\u{fffd}\u{fffd}' }]);
  }
});

test('a move may be repeated until a server has used the new store', async (t) => {
  for (const to of newPlaces(t)) {
    const [from] = newPlaces(t);
    assert.ok(from);
    await fill(from, manyRows(10));
    await moveStore(context, { from, to, sets, isReplacing: false });
    await using(from, (store) => insert(store, [{ id: 'later', part: 0, note: null, body: null }]));

    await moveStore(context, { from, to, sets, isReplacing: false });
    const again = await endsOf(to);
    await using(to, (store) => store.migrate(sets));
    const refused = await codeOf(moveStore(context, { from, to, sets, isReplacing: false }));
    const replaced = await codeOf(moveStore(context, { from, to, sets, isReplacing: true }));

    assert.equal(again.tables.find(({ name }) => name === 't_row')?.rows, 11);
    assert.deepEqual({ refused, replaced }, { refused: 'STORE_NOT_EMPTY', replaced: null });
  }
});

test('a backup beside a writing server is one moment, and restoring it begins an epoch', async (t) => {
  for (const from of newPlaces(t)) {
    const path = join(scratch(t), 'copy');
    const store = await openStore(from);
    await store.migrate(sets);
    let isDone = false;
    // Two rows a commit: a copy with an odd number would be of no moment.
    const writing = (async () => {
      for (let n = 0; !isDone; n += 2)
        await insert(
          store,
          [n, n + 1].map((part) => ({ id: 'w', part, note: 'x'.repeat(50), body: null })),
        );
    })();
    await insert(
      store,
      manyRows(6_000).map((row) => ({ ...row, part: -row.part - 1 })),
    );

    await backUpStore(context, { from, path, files: [{ path: 'keys/ca.pem', base64: 'c2VjcmV0' }] });
    isDone = true;
    await writing;
    await store.close();

    for (const to of newPlaces(t)) {
      const files: unknown[] = [];
      const wish = { path, to, sets, isReplacing: false };
      const { head } = await restoreStore(context, wish, (found) => files.push(...found));
      const { tables, meta } = await endsOf(to);
      const rows = tables.find(({ name }) => name === 't_row')?.rows ?? 0;
      assert.ok(rows >= 6_000 && rows % 2 === 0, `${rows} rows`);
      assert.deepEqual({ ...meta, id: head.id }, { id: head.id, epoch: '2', restored: head.takenAt });
      assert.deepEqual(files, [{ kind: 'file', path: 'keys/ca.pem', base64: 'c2VjcmV0' }]);
    }
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
});

test('restoring over a used store is refused, and when allowed puts the file aside', async (t) => {
  const [to] = newPlaces(t);
  assert.ok(to?.kind === 'sqlite');
  const path = join(scratch(t), 'copy');
  await fill(to, manyRows(10));
  await backUpStore(context, { from: to, path, files: [] });

  const refused = await codeOf(
    restoreStore(context, { path, to, sets, isReplacing: false }, () => undefined),
  );
  await restoreStore(context, { path, to, sets, isReplacing: true }, () => undefined);
  await restoreStore(context, { path, to, sets, isReplacing: true }, () => undefined);

  assert.equal(refused, 'STORE_NOT_EMPTY');
  assert.equal((await endsOf(to)).meta.epoch, '3');
  const names = readdirSync(join(to.path, '..'));
  assert.ok(
    names.some((name) => name.startsWith('store.db.before-')),
    names.join(),
  );
  assert.ok(!names.some((name) => name.includes('.part')));
});

test('a copy that is cut, changed or prolonged is refused, and the target stays as it was', async (t) => {
  const [from] = newPlaces(t);
  assert.ok(from);
  const directory = scratch(t);
  const path = join(directory, 'copy');
  await fill(from, manyRows(50));
  await backUpStore(context, { from, path, files: [] });
  const lines = zstdDecompressSync(readFileSync(path)).toString('utf8').split('\n');
  const packed = (text: string): Buffer => zstdCompressSync(text);
  const broken: Record<string, Buffer> = {
    'cut file': readFileSync(path).subarray(0, -20),
    'not a copy': Buffer.from('hello'),
    'missing row': packed(lines.toSpliced(5, 1).join('\n')),
    'changed row': packed(lines.toSpliced(5, 1, (lines[5] ?? '').replace('line', 'lies')).join('\n')),
    'missing end': packed(lines.slice(0, -2).join('\n')),
    'line cut': packed(lines.join('\n').slice(0, -5)),
    'one more': packed([...lines.slice(0, -1), lines[1], ''].join('\n')),
    empty: packed(''),
  };

  for (const to of newPlaces(t)) {
    for (const [what, bytes] of Object.entries(broken)) {
      writeFileSync(join(directory, 'broken'), bytes);
      const code = await codeOf(
        restoreStore(
          context,
          { path: join(directory, 'broken'), to, sets, isReplacing: false },
          () => undefined,
        ),
      );
      assert.equal(code, 'STORE_COPY_DAMAGED', what);
    }
    if (to.kind === 'sqlite') assert.ok(!existsSync(to.path));
    else assert.equal(cluster.sql(to.url, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`), '0');
  }
});

test('a copy of a newer version, or of a plugin that is not here, is refused by name', async (t) => {
  const [from, to] = newPlaces(t);
  assert.ok(from && to);
  await fill(from, []);
  const older = sets.map((set) => ({ ...set, migrations: set.migrations.slice(0, 1) }));

  assert.equal(
    await codeOf(moveStore(context, { from, to, sets: older, isReplacing: false })),
    'STORE_NEWER',
  );
  assert.equal(
    await codeOf(moveStore(context, { from, to, sets: [], isReplacing: false })),
    'STORE_OWNER_UNKNOWN',
  );
});

test('tables of another program in the database are never dropped', async (t) => {
  const [from, to] = newPlaces(t);
  assert.ok(from && to?.kind === 'postgres');
  await fill(from, []);
  cluster.sql(to.url, 'CREATE TABLE payroll (id int primary key)');

  assert.equal(await codeOf(moveStore(context, { from, to, sets, isReplacing: true })), 'STORE_NOT_EMPTY');
  assert.equal(cluster.sql(to.url, 'SELECT count(*) FROM payroll'), '0');
});
