import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insertRows } from './insert-rows.ts';
import { openSqliteStore } from './sqlite/open-sqlite-store.ts';

interface Tables {
  things_thing: { id: number; name: string; size: number | null };
}

test('rows of many chunks and of a short last one arrive as they are', async (t) => {
  const store = await openSqliteStore({ path: ':memory:' });
  t.after(() => store.close());
  await store.transaction(async (transaction) => {
    await transaction
      .as<Tables>()
      .schema.createTable('things_thing')
      .addColumn('id', 'integer')
      .addColumn('name', 'text')
      .addColumn('size', 'integer')
      .execute();
  });
  const rows = Array.from({ length: 2_345 }, (_, id) => ({
    id,
    name: `n${id}`,
    size: id % 3 === 0 ? null : id,
  }));

  await store.transaction(async (transaction) => {
    const db = transaction.as<Tables>();
    let compiled = 0;
    await insertRows(
      rows,
      (chunk) => {
        compiled += 1;
        return db.insertInto('things_thing').values(chunk).compile();
      },
      (query) => db.executeQuery(query),
    );
    assert.equal(compiled, 2);
  });

  const stored = await store.as<Tables>().selectFrom('things_thing').selectAll().orderBy('id').execute();
  assert.deepEqual(
    stored.map((row) => ({ ...row })),
    rows,
  );
});
