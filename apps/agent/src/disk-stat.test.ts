import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { createDiskStat } from './disk-stat.ts';

const SIZE = { totalBytes: 2, freeBytes: 1, inodes: 0, inodesFree: 0 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a file system that does not answer holds one thread, whoever asks, and nobody up for long', async () => {
  const clock = fakeClock();
  const asked: string[] = [];
  const dead = Promise.withResolvers<typeof SIZE>();
  const statFileSystem = (path: string) => {
    asked.push(path);
    return path === '/dead' ? dead.promise : Promise.resolve(SIZE);
  };
  const stat = createDiskStat({ statFileSystem }, clock);

  assert.deepEqual(await stat('/'), SIZE);
  const [first, second] = [stat('/dead'), stat('/')];
  await turn();
  clock.advance(2000);
  assert.deepEqual(
    [await first, await second, await stat('/dead'), await stat('/')],
    [null, null, null, null],
  );
  assert.deepEqual(asked, ['/', '/dead']);

  dead.resolve(SIZE);
  await turn();
  assert.deepEqual(await stat('/'), SIZE);
});

test('one that fails is one that cannot be read', async () => {
  const statFileSystem = () => Promise.reject(new Error('EIO'));
  const stat = createDiskStat({ statFileSystem }, fakeClock());

  assert.equal(await stat('/'), null);
  assert.equal(await stat('/'), null);
});
