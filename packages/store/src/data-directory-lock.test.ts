import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { lockDataDirectory } from './data-directory-lock.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'lock-test-'));
  directories.push(directory);
  return directory;
}

// Its garbage is collected, as sooner or later in a server that runs for months.
const owner = `
  import { lockDataDirectory } from '${join(import.meta.dirname, 'data-directory-lock.ts')}';
  lockDataDirectory(process.argv[1]);
  // A turn before, since what the running one refers to is no garbage; a turn after, for what ends with it.
  await new Promise((resolve) => setImmediate(resolve));
  gc();
  await new Promise((resolve) => setImmediate(resolve));
  console.log('locked');
  setInterval(() => {}, 1000);
`;

test('one owner at a time, named by its pid, and kill -9 of the owner frees the directory at once', async (t) => {
  const path = join(scratch(), 'data');
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', owner, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');

  assert.throws(() => lockDataDirectory(path), {
    code: 'DATA_DIRECTORY_IN_USE',
    details: { path, pid: String(child.pid) },
  });
  child.kill('SIGKILL');
  await once(child, 'exit');

  lockDataDirectory(path).release();
});

test('the same process cannot own it twice, and can again once it let go', () => {
  const path = scratch();
  const lock = lockDataDirectory(path);

  assert.throws(() => lockDataDirectory(path), { code: 'DATA_DIRECTORY_IN_USE' });
  assert.throws(() => lockDataDirectory(path), { code: 'DATA_DIRECTORY_IN_USE' });
  lock.release();
  lock.release();

  lockDataDirectory(path).release();
});

test('a path that cannot be a directory says why', () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, '');

  assert.throws(() => lockDataDirectory(file), {
    code: 'DATA_DIRECTORY_UNWRITABLE',
    details: { path: file, reason: 'EEXIST' },
  });
  assert.throws(() => lockDataDirectory(join(file, 'data')), { code: 'DATA_DIRECTORY_UNWRITABLE' });
  assert.throws(() => lockDataDirectory('/proc/pilothouse'), { code: 'DATA_DIRECTORY_UNWRITABLE' });
});
