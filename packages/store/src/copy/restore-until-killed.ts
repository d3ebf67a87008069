/**
 * The victim of the kill test: restores a backup over a used file, and ends by force before the file of a name changes for
 * the how manieth time. `restore-until-killed.ts FILE BACKUP COUNT`
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { MigrationSet } from '../store.ts';
import { restoreStore } from './copy-store.ts';

export const sets: readonly MigrationSet[] = [
  {
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
  },
];

async function restoreUntil(file: string, backup: string, count: number): Promise<void> {
  let left = count;
  const { renameSync, linkSync } = fs;
  const countDown = (): void => {
    if (left === 0) process.kill(process.pid, 'SIGKILL');
    left -= 1;
  };
  fs.renameSync = (from, to) => {
    countDown();
    renameSync(from, to);
  };
  fs.linkSync = (from, to) => {
    countDown();
    linkSync(from, to);
  };
  syncBuiltinESMExports();
  await restoreStore(
    { program: '0.0.0-test', now: () => new Date().toISOString() },
    { path: backup, to: { kind: 'sqlite', path: file }, sets, isReplacing: true },
    () => undefined,
  );
}

const [file, backup, count] = process.argv.slice(2);
if (import.meta.main && file !== undefined && backup !== undefined)
  await restoreUntil(file, backup, Number(count));
