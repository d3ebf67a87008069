import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchAccess } from '@pilothouse/agent-kit';
import { managedFilesWatch } from './watch-managed-files.ts';

test('a path that does not answer holds the look up, and no other path is asked meanwhile', async () => {
  const entry = { state: 'present', digest: '', mode: '0644', uid: 0, gid: 0 };
  const asked: string[] = [];
  let answer = (_changedAt: number): void => {};
  const look = managedFilesWatch.look({
    readText: async () => JSON.stringify({ files: { '/mnt/a': entry, '/etc/b': entry } }),
    changedAt: (path: string) => {
      asked.push(path);
      return path === '/etc/b' ? Promise.resolve(2) : new Promise<number>((resolve) => (answer = resolve));
    },
  } as Partial<WatchAccess> as WatchAccess); // The watch looks at nothing else.
  await new Promise((resolve) => setImmediate(resolve));
  const before = [...asked];
  answer(1);

  assert.deepEqual(before, ['/mnt/a']);
  assert.equal(await look, '/mnt/a 1\n/etc/b 2');
});
