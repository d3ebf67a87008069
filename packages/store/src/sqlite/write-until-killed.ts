/** The victim of the kill test: commits one row after another and says so on standard output after each commit. */
import { writeSync } from 'node:fs';
import { openSqliteStore } from './open-sqlite-store.ts';

const path = process.argv[2];
if (path === undefined) throw new Error('usage: write-until-killed.ts FILE');
const store = await openSqliteStore({ path });
for (let n = 0; ; n++) {
  await store.transaction((transaction) =>
    transaction
      .as<{ t_row: { n: number; pad: string } }>()
      .insertInto('t_row')
      .values([
        { n: 2 * n, pad: '' },
        { n: 2 * n + 1, pad: 'x'.repeat(500) },
      ])
      .execute(),
  );
  writeSync(1, `${n}\n`);
}
