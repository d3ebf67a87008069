import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '../open-store.ts';
import type { Store } from '../store.ts';
import { readMeta } from '../store-meta.ts';
import { backUpStore, restoreStore } from './copy-store.ts';
import { sets } from './restore-until-killed.ts';

const VICTIM = fileURLToPath(new URL('restore-until-killed.ts', import.meta.url));
const context = { program: '0.0.0-test', now: () => new Date().toISOString() };

interface Tables {
  t_row: { n: number };
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'store-aside-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

async function using<Result>(path: string, run: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openStore({ kind: 'sqlite', path });
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}

const write = (store: Store, numbers: readonly number[]): Promise<unknown> =>
  store.transaction((transaction) =>
    transaction
      .as<Tables>()
      .insertInto('t_row')
      .values(numbers.map((n) => ({ n })))
      .execute(),
  );

const numbersIn = (path: string): Promise<number[]> =>
  using(path, async (store) => {
    const rows = await store.as<Tables>().selectFrom('t_row').select('n').orderBy('n').execute();
    return rows.map(({ n }) => n);
  });

/** A store as a killed server leaves it, its last rows in the log alone; and a backup of before these. */
async function killedServer(directory: string): Promise<{ file: string; backup: string }> {
  const [live, file, backup] = ['live.db', 'store.db', 'backup'].map((name) => join(directory, name));
  assert.ok(live && file && backup);
  await using(live, async (store) => {
    await store.migrate(sets);
    await write(store, [1]);
    await backUpStore(context, { from: { kind: 'sqlite', path: live }, path: backup, files: [] });
    await write(store, [2, 3]);
    for (const end of ['', '-wal', '-shm']) copyFileSync(`${live}${end}`, `${file}${end}`);
  });
  return { file, backup };
}

test('a restore that is killed at any moment leaves the whole old store or the whole new one under its name', async (t) => {
  const directory = scratch(t);
  let kills = 0;
  for (;;) {
    const place = join(directory, String(kills));
    mkdirSync(place);
    const { file, backup } = await killedServer(place);
    const { status, signal, stderr } = spawnSync(process.execPath, [VICTIM, file, backup, String(kills)]);
    assert.ok(existsSync(file), `killed before change ${kills + 1}`);
    if (status === 0) {
      assert.deepEqual(await numbersIn(file), [1]);
      break;
    }
    assert.equal(signal, 'SIGKILL', stderr.toString());
    kills += 1;

    assert.deepEqual(await numbersIn(file), [1, 2, 3]);
    await restoreStore(
      context,
      { path: backup, to: { kind: 'sqlite', path: file }, sets, isReplacing: true },
      () => undefined,
    );
    assert.deepEqual(await numbersIn(file), [1]);
  }
  assert.equal(kills, 2);
});

test('what was put aside has all that the log held', async (t) => {
  const directory = scratch(t);
  const { file, backup } = await killedServer(directory);
  const wish = { path: backup, to: { kind: 'sqlite', path: file }, sets, isReplacing: true } as const;
  await restoreStore(context, wish, () => undefined);

  const [aside] = readdirSync(directory).filter((name) => name.startsWith('store.db.before-'));
  assert.ok(aside !== undefined);
  assert.deepEqual(await numbersIn(join(directory, aside)), [1, 2, 3]);
});

test('a backup takes the place of a damaged store, which is put aside as it was', async (t) => {
  for (const damagedAt of [0, 4096]) {
    const directory = scratch(t);
    const { file, backup } = await killedServer(directory);
    // Its pages are in the file and not in the log, so that the damage is met.
    await using(file, async () => undefined);
    const bytes = readFileSync(file).fill(0x5a, damagedAt, damagedAt + 4096);
    writeFileSync(file, bytes);
    const wish = { path: backup, to: { kind: 'sqlite', path: file }, sets } as const;

    await assert.rejects(
      restoreStore(context, { ...wish, isReplacing: false }, () => undefined),
      { code: 'STORE_NOT_EMPTY' },
    );
    await restoreStore(context, { ...wish, isReplacing: true }, () => undefined);

    assert.deepEqual(await numbersIn(file), [1]);
    const { epoch } = await using(file, readMeta);
    assert.equal(epoch, '2');
    const [aside] = readdirSync(directory).filter((name) => name.startsWith('store.db.before-'));
    assert.deepEqual(readFileSync(join(directory, aside ?? '')), bytes);
  }
});
