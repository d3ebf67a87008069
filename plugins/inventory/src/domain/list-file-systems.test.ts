import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distinctFileSystems, isNetworkType, listFileSystems } from './list-file-systems.ts';
import type { Mount } from './parse-mountinfo.ts';

/** Of the processor's time: some tens of milliseconds are needed. */
const MANY_MS_MAX = 3_000;

const mountOf = (more: Partial<Mount>): Mount => ({
  deviceId: '8:1',
  root: '/',
  mountPoint: '/',
  type: 'ext4',
  device: '/dev/sda1',
  options: ['rw'],
  ...more,
});
const pointsOf = (mounts: readonly Mount[]): string[] => mounts.map(({ mountPoint }) => mountPoint);

test('of several binds of one file system the one nearest to its root stays, and every subvolume', () => {
  const binds = [
    mountOf({ root: '/srv/www', mountPoint: '/www' }),
    mountOf({ root: '/', mountPoint: '/data' }),
    mountOf({ root: '/', mountPoint: '/mnt/data' }),
  ];
  const subvolumes = ['/', '/home'].map((mountPoint) =>
    mountOf({ deviceId: '0:40', type: 'btrfs', root: `/@${mountPoint}`, mountPoint: `/pool${mountPoint}` }),
  );

  assert.deepEqual(pointsOf(listFileSystems([...binds, ...subvolumes])), ['/data', '/pool/', '/pool/home']);
  assert.deepEqual(pointsOf(distinctFileSystems([...binds, ...subvolumes])), ['/data', '/pool/']);
});

test('one mount a file system, whatever the order they come in', () => {
  const mounts = fc.array(
    fc.record({
      deviceId: fc.constantFrom('8:1', '8:2'),
      root: fc.constantFrom('/', '/a', '/a/b'),
      mountPoint: fc.constantFrom('/x', '/y', '/z', '/long'),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(mounts, (some) => {
      const found = distinctFileSystems(some.map(mountOf));
      const devices = found.map(({ deviceId }) => deviceId);
      assert.equal(new Set(devices).size, devices.length);
      for (const { deviceId, root } of found)
        for (const other of listFileSystems(some.map(mountOf)))
          assert.ok(other.deviceId !== deviceId || other.root.length >= root.length);
    }),
  );
});

test('ten thousand mounts, binds of one file system or each of its own, hold nobody up', () => {
  const many = Array.from({ length: 10_000 }, (_, n) => n);
  const binds = many.map((n) => mountOf({ root: `/volumes/${n}`, mountPoint: `/srv/${n}` }));
  const own = many.map((n) => mountOf({ deviceId: `0:${n}`, mountPoint: `/srv/${n}` }));
  const { user } = process.cpuUsage();

  assert.equal(distinctFileSystems(binds).length, 1);
  assert.equal(distinctFileSystems(own).length, 10_000);

  assert.ok(process.cpuUsage().user - user < MANY_MS_MAX * 1000);
});

test('whatever answers over a network is one that may hang, also where it says no more than fuse', () => {
  for (const type of ['nfs4', 'cifs', 'fuse.sshfs', 'fuse']) assert.ok(isNetworkType(type), type);
  for (const type of ['ext4', 'xfs', 'fuseblk']) assert.ok(!isNetworkType(type), type);
});
