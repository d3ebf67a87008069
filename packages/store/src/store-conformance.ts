import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowChunks } from './row-chunks.ts';
import { isUniqueViolation, StatementError } from './statement-error.ts';
import type { MigrationSet, Store } from './store.ts';
import { readMeta } from './store-meta.ts';
import { type StoreTest, textTests, valueTests } from './value-conformance.ts';

interface Tables {
  t_item: { id: string; n: number; note: string | null };
}

const items: MigrationSet = {
  owner: 'test',
  tablePrefix: 't_',
  migrations: [
    {
      id: '0001-create-item',
      up: (db) =>
        db.schema
          .createTable('t_item')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('n', 'integer', (column) => column.notNull())
          .addColumn('note', 'text')
          .execute(),
    },
  ],
};

const addColumn = {
  id: '0002-add-color',
  up: (db) => db.schema.alterTable('t_item').addColumn('color', 'text').execute(),
} satisfies MigrationSet['migrations'][number];

/** What every engine must do alike. `open` gives an empty store, which the suite closes. */
export function conformStore(name: string, open: () => Promise<Store>): void {
  const storeTest = (title: string, run: (store: Store) => Promise<void>): void => {
    void test(`${name}: ${title}`, async () => {
      const store = await open();
      try {
        await store.migrate([items]);
        await run(store);
      } finally {
        await store.close();
      }
    });
  };
  transactionTests(storeTest);
  valueTests(storeTest);
  textTests(storeTest);
  constraintTests(storeTest);
  afterCommitTests(storeTest);
  failureTests(storeTest);
  refusalTests(storeTest);
  migrationTests(storeTest);
  migrationRefusalTests(storeTest);
}

const insert = (store: Store, id: string, n = 0): Promise<unknown> =>
  store.transaction((transaction) =>
    transaction.as<Tables>().insertInto('t_item').values({ id, n, note: null }).execute(),
  );

async function idsOf(store: Store): Promise<string[]> {
  const rows = await store.as<Tables>().selectFrom('t_item').select('id').orderBy('id').execute();
  return rows.map(({ id }) => id);
}

function transactionTests(storeTest: StoreTest): void {
  storeTest('what was committed is seen by the next read', async (store) => {
    for (let i = 0; i < 20; i++) {
      await insert(store, `k${i}`);
      assert.equal((await idsOf(store)).length, i + 1);
    }
  });

  storeTest('a read outside neither waits for a transaction nor sees into it', async (store) => {
    await store.transaction(async (transaction) => {
      await transaction.as<Tables>().insertInto('t_item').values({ id: 'a', n: 1, note: null }).execute();

      assert.deepEqual(await idsOf(store), []);
      assert.equal((await transaction.as<Tables>().selectFrom('t_item').selectAll().execute()).length, 1);
    });

    assert.deepEqual(await idsOf(store), ['a']);
  });

  storeTest('transactions run one after another, so that no update is lost', async (store) => {
    await insert(store, 'counter');
    const increment = () =>
      store.transaction(async (transaction) => {
        const db = transaction.as<Tables>();
        const { n } = await db.selectFrom('t_item').select('n').executeTakeFirstOrThrow();
        await db
          .updateTable('t_item')
          .set({ n: n + 1 })
          .execute();
      });

    await Promise.all(Array.from({ length: 50 }, increment));

    const row = await store.as<Tables>().selectFrom('t_item').select('n').executeTakeFirst();
    assert.equal(row?.n, 50);
  });
}

function constraintTests(storeTest: StoreTest): void {
  storeTest(
    'a refused row says which rule refused it, and counts of changed rows are told',
    async (store) => {
      await insert(store, 'a');
      const failing = (row: Partial<Tables['t_item']>) =>
        store
          .transaction((transaction) =>
            transaction
              .as<{ t_item: Partial<Tables['t_item']> }>()
              .insertInto('t_item')
              .values(row)
              .execute(),
          )
          .then(
            () => null,
            (error: unknown) => (error instanceof StatementError ? error.kind : error),
          );

      assert.equal(await failing({ id: 'a', n: 1 }), 'unique');
      assert.equal(await failing({ id: 'b' }), 'not-null');
      const changed = await store.transaction((transaction) =>
        transaction.as<Tables>().updateTable('t_item').set({ n: 7 }).where('n', '=', 0).executeTakeFirst(),
      );
      assert.equal(changed.numUpdatedRows, 1n);
    },
  );

  storeTest('a store has an id and an epoch that stay, and each opening leaves its name', async (store) => {
    const first = await readMeta(store);

    await store.migrate([items]);
    const second = await readMeta(store);

    assert.match(first.id ?? '', /^[0-9a-f-]{36}$/);
    assert.deepEqual({ ...second, owner: null }, { ...first, owner: null });
    assert.equal(second.epoch, '1');
    assert.notEqual(second.owner, first.owner);
  });
}

function afterCommitTests(storeTest: StoreTest): void {
  storeTest(
    'after-commit listeners run in order, after the commit, and never after a rollback',
    async (store) => {
      const said: string[] = [];
      const say = (name: string, fails: boolean) =>
        store.transaction(async (transaction) => {
          transaction.afterCommit(() => said.push(`${name} 1`));
          transaction.afterCommit(() => said.push(`${name} 2`));
          said.push(name);
          if (fails) throw new Error('changed its mind');
        });

      const results = await Promise.allSettled([say('a', false), say('b', true), say('c', false)]);

      assert.deepEqual(said, ['a', 'a 1', 'a 2', 'b', 'c', 'c 1', 'c 2']);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
    },
  );

  storeTest('an after-commit listener that fails fails alone', async (store) => {
    const said: string[] = [];

    await store.transaction(async (transaction) => {
      transaction.afterCommit(() => {
        throw new Error('broken listener');
      });
      transaction.afterCommit(() => said.push('second'));
    });

    assert.deepEqual(said, ['second']);
  });

  storeTest('takes ten thousand upserts in one transaction', async (store) => {
    const rows = Array.from({ length: 10_000 }, (_, n) => ({ id: `k${n}`, n, note: null }));
    const upsert = (bonus: number) =>
      store.transaction(async (transaction) => {
        for (const chunk of rowChunks(rows.map((row) => ({ ...row, n: row.n + bonus })))) {
          await transaction
            .as<Tables>()
            .insertInto('t_item')
            .values([...chunk])
            .onConflict((conflict) =>
              conflict.column('id').doUpdateSet((row) => ({ n: row.ref('excluded.n') })),
            )
            .execute();
        }
      });

    await upsert(0);
    await upsert(5);

    const row = await store
      .as<Tables>()
      .selectFrom('t_item')
      .select('n')
      .where('id', '=', 'k9999')
      .executeTakeFirst();
    assert.equal(row?.n, 10_004);
    assert.equal((await idsOf(store)).length, 10_000);
  });
}

function failureTests(storeTest: StoreTest): void {
  storeTest('an error takes back everything of its transaction and nothing of others', async (store) => {
    await insert(store, 'before');

    await assert.rejects(
      store.transaction(async (transaction) => {
        await transaction.as<Tables>().insertInto('t_item').values({ id: 'x', n: 1, note: null }).execute();
        throw new Error('changed its mind');
      }),
      /changed its mind/,
    );
    await insert(store, 'later');

    assert.deepEqual(await idsOf(store), ['before', 'later']);
  });

  storeTest('a failed statement condemns its transaction even when its error is swallowed', async (store) => {
    await insert(store, 'taken');

    const attempt = store.transaction(async (transaction) => {
      const db = transaction.as<Tables>();
      await db.insertInto('t_item').values({ id: 'x', n: 1, note: null }).execute();
      const swallowed = await db
        .insertInto('t_item')
        .values({ id: 'taken', n: 1, note: null })
        .execute()
        .then(
          () => null,
          (error: unknown) => error,
        );
      assert.ok(isUniqueViolation(swallowed));
    });

    await assert.rejects(attempt, isUniqueViolation);
    assert.deepEqual(await idsOf(store), ['taken']);
  });

  storeTest('a statement that nobody waited for cannot slip past the commit', async (store) => {
    await insert(store, 'taken');

    const attempt = store.transaction(async (transaction) => {
      const db = transaction.as<Tables>();
      await db.insertInto('t_item').values({ id: 'x', n: 1, note: null }).execute();
      db.insertInto('t_item')
        .values({ id: 'taken', n: 1, note: null })
        .execute()
        .catch(() => undefined);
      // Kysely needs a few turns to send it.
      for (let i = 0; i < 10; i++) await Promise.resolve();
    });

    await assert.rejects(attempt);
    assert.deepEqual(await idsOf(store), ['taken']);
  });
}

function refusalTests(storeTest: StoreTest): void {
  storeTest('a transaction that has ended takes no more statements', async (store) => {
    const leaked = await store.transaction(async (transaction) => transaction);

    await assert.rejects(leaked.as<Tables>().deleteFrom('t_item').execute(), /has ended/);
    assert.throws(() => leaked.afterCommit(() => undefined), /has ended/);
  });

  storeTest('refuses a transaction inside a transaction rather than wait for ever', async (store) => {
    await assert.rejects(
      store.transaction(() => insert(store, 'inner')),
      /inside a transaction/,
    );

    await insert(store, 'outer');
    assert.deepEqual(await idsOf(store), ['outer']);
  });

  storeTest('nothing is written outside a transaction', async (store) => {
    await assert.rejects(
      store.as<Tables>().insertInto('t_item').values({ id: 'x', n: 1, note: null }).execute(),
    );
    await assert.rejects(
      store
        .as<Tables>()
        .transaction()
        .execute(async () => {}),
    );

    assert.deepEqual(await idsOf(store), []);
  });

  storeTest('refuses everything once it is closed', async (store) => {
    await store.close();

    await assert.rejects(idsOf(store), { code: 'STORE_STOPPED' });
    await assert.rejects(insert(store, 'x'), { code: 'STORE_STOPPED' });
  });
}

function migrationTests(storeTest: StoreTest): void {
  storeTest('runs each change once, and only those that are missing', async (store) => {
    await insert(store, 'kept');

    await store.migrate([{ ...items, migrations: [...items.migrations, addColumn] }]);
    await store.migrate([{ ...items, migrations: [...items.migrations, addColumn] }]);

    const rows = await store
      .as<{ t_item: { id: string; color: string | null } }>()
      .selectFrom('t_item')
      .selectAll()
      .execute();
    assert.deepEqual(
      rows.map(({ id, color }) => [id, color]),
      [['kept', null]],
    );
  });

  storeTest('refuses a store that a newer version wrote, and touches nothing', async (store) => {
    await store.migrate([{ ...items, migrations: [...items.migrations, addColumn] }]);

    await assert.rejects(store.migrate([items]), {
      code: 'STORE_NEWER',
      details: { owner: 'test', id: '0002-add-color' },
    });
  });

  storeTest('lets the tables of a plugin rest that is not installed', async (store) => {
    await store.migrate([]);
    await insert(store, 'x');

    assert.deepEqual(await idsOf(store), ['x']);
  });
}

function migrationRefusalTests(storeTest: StoreTest): void {
  storeTest('a change that fails leaves nothing of the whole upgrade', async (store) => {
    const broken: MigrationSet = {
      owner: 'broken',
      tablePrefix: 'b_',
      migrations: [
        { id: '0001-fine', up: (db) => db.schema.createTable('b_one').addColumn('id', 'text').execute() },
        { id: '0002-fails', up: (db) => db.schema.createTable('b_one').addColumn('id', 'text').execute() },
      ],
    };

    await assert.rejects(store.migrate([{ ...items, migrations: [...items.migrations, addColumn] }, broken]));

    const tables = await store.as<Tables>().introspection.getTables();
    assert.ok(tables.every((each) => each.name !== 'b_one'));
    await store.migrate([items]);
  });

  storeTest('refuses a table outside its owner’s prefix, and ids out of order', async (store) => {
    const up: MigrationSet['migrations'][number]['up'] = (db) =>
      db.schema.createTable('t_other').addColumn('id', 'text').execute();
    const foreign = { owner: 'plugin.x', tablePrefix: 'x_', migrations: [{ id: '0001-a', up }] };
    const disordered = {
      ...foreign,
      migrations: [
        { id: '0002-a', up },
        { id: '0001-b', up },
      ],
    };

    await assert.rejects(store.migrate([foreign]), /begin with x_/);
    await assert.rejects(store.migrate([disordered]), /not in order/);
  });
}
