import assert from 'node:assert/strict';
import type { MigrationSet, Store } from './store.ts';

export type StoreTest = (title: string, run: (store: Store) => Promise<void>) => void;

interface ValueTables {
  v_row: { id: string; n: number | null; body: Uint8Array | null };
}

const values: MigrationSet = {
  owner: 'values',
  tablePrefix: 'v_',
  migrations: [
    {
      id: '0001-create-row',
      up: (db) =>
        db.schema
          .createTable('v_row')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('n', 'integer')
          .addColumn('body', 'bytea')
          .execute(),
    },
  ],
};

async function insertRows(store: Store, rows: readonly ValueTables['v_row'][]): Promise<void> {
  await store.migrate([values]);
  await store.transaction((transaction) =>
    transaction
      .as<ValueTables>()
      .insertInto('v_row')
      .values([...rows])
      .execute(),
  );
}

/** What goes in comes out, and means the same, whatever the engine. */
export function valueTests(storeTest: StoreTest): void {
  storeTest('an integer column holds every integer that a number holds', async (store) => {
    const numbers = [0, -1, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    await insertRows(
      store,
      numbers.map((n, i) => ({ id: `${i}`, n, body: null })),
    );

    const db = store.as<ValueTables>();
    const found = await db.selectFrom('v_row').select('n').orderBy('id').execute();
    const { total, count } = await db
      .selectFrom('v_row')
      .select((eb) => [eb.fn.sum<number>('n').as('total'), eb.fn.countAll<number>().as('count')])
      .where('n', '<', 2 ** 41)
      .where('n', '>=', 0)
      .executeTakeFirstOrThrow();

    assert.deepEqual(
      found.map(({ n }) => n),
      numbers,
    );
    assert.deepEqual({ total, count }, { total: 2 ** 31 + 2 ** 40, count: 3 });
  });

  storeTest('bytes and text come back as they went in', async (store) => {
    const body = Uint8Array.from({ length: 256 }, (_, i) => i);
    const id = 'ä 中文 🛰 \' " \\ \r\n \u0001';

    await insertRows(store, [{ id, n: null, body }]);

    const [row] = await store.as<ValueTables>().selectFrom('v_row').selectAll().execute();
    assert.equal(row?.id, id);
    assert.equal(row.n, null);
    assert.ok(row.body instanceof Uint8Array);
    assert.deepEqual([...row.body], [...body]);
  });

  storeTest('a value that means something else on another engine is refused', async (store) => {
    for (const odd of [true, new Date(0), { a: 1 }]) {
      // What a caller might pass who went around the types.
      await assert.rejects(insertRows(store, [{ id: 'x', n: odd as unknown as number, body: null }]));
    }

    assert.deepEqual(await store.as<ValueTables>().selectFrom('v_row').select('id').execute(), []);
  });
}

/** Text is the same text on both engines, and in the same order. */
export function textTests(storeTest: StoreTest): void {
  storeTest(
    'what no text of every engine holds is replaced, whoever sent it, and found as it was sent',
    async (store) => {
      const odd = 'a\0b\ud800c';

      await insertRows(store, [{ id: odd, n: 1, body: null }]);

      const db = store.as<ValueTables>();
      const found = await db.selectFrom('v_row').select('id').where('id', '=', odd).execute();
      assert.deepEqual(found, [{ id: 'a\u{fffd}b\u{fffd}c' }]);
    },
  );

  storeTest('text is ordered and compared by its bytes', async (store) => {
    const ids = ['Z', 'a', 'A-1', 'A.1', 'A1', 'B', 'b', 'é', 'z', '中', '🛰', '_', ' '];
    await insertRows(
      store,
      ids.map((id) => ({ id, n: null, body: null })),
    );
    const byBytes = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

    const db = store.as<ValueTables>();
    const found = await db.selectFrom('v_row').select('id').orderBy('id').execute();
    const above = await db.selectFrom('v_row').select('id').where('id', '>', 'Z').orderBy('id').execute();

    assert.deepEqual(
      found.map(({ id }) => id),
      byBytes,
    );
    assert.deepEqual(
      above.map(({ id }) => id),
      byBytes.slice(byBytes.indexOf('Z') + 1),
    );
  });
}
