import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MigrationSet, Store } from '../store.ts';
import { migratedImage, openInlineStore } from './open-inline-store.ts';

interface Tables {
  t_row: { n: number };
}

const rows: MigrationSet = {
  owner: 'test',
  tablePrefix: 't_',
  migrations: [
    {
      id: '0001-create-row',
      up: (db) => db.schema.createTable('t_row').addColumn('n', 'integer').execute(),
    },
  ],
};

const numbersIn = async (store: Store): Promise<number[]> =>
  (await store.as<Tables>().selectFrom('t_row').select('n').execute()).map(({ n }) => n);

test('stores that begin with one image are as after its migrations, and see nothing of each other', async () => {
  const image = await migratedImage([rows]);
  const [one, other] = [openInlineStore(image), openInlineStore(image)];

  await one.transaction((transaction) =>
    transaction.as<Tables>().insertInto('t_row').values({ n: 1 }).execute(),
  );
  await other.migrate([rows]);

  assert.deepEqual(await numbersIn(one), [1]);
  assert.deepEqual(await numbersIn(other), []);
  await one.close();
  await other.close();
});
