import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { inotifyLack, lackOf } from './inotify.ts';

test('hosts that find too few inotify instances are told of the command that helps', () => {
  const most = { hosts: 16, wanted: 128, used: 0, max: 128 };

  assert.equal(lackOf(most), null);
  assert.equal(
    lackOf({ ...most, used: 3 }),
    '128 inotify instances for 16 hosts: 125 of 128 are left (sysctl -w fs.inotify.max_user_instances=1024)',
  );
});

test('what this user has taken already counts', async () => {
  const watcher = watch(tmpdir());

  const lack = await inotifyLack(1, Number.MAX_SAFE_INTEGER / 2);

  watcher.close();
  const [, left, max] = /: (-?\d+) of (\d+) are left/.exec(lack ?? '') ?? [];
  assert.ok(Number(left) < Number(max), lack ?? '');
});
