import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vitals } from '@pilothouse/contract';
import { fakeClock } from '@pilothouse/testkit/fake-clock';
import { createVitals, type VitalsAccess } from './vitals.ts';

const hostOf = (files: Readonly<Record<string, string>>): VitalsAccess => ({
  readNow: (path) => files[path] ?? null,
  statFileSystem: async (path) => ({
    totalBytes: 100,
    freeBytes: path === '/var' ? 10 : 60,
    inodes: 1,
    inodesFree: 1,
  }),
});

test('reads load, memory, the fullest local disk and pressure', async () => {
  const host = hostOf({
    '/proc/loadavg': '0.52 0.58 0.59 1/467 12345\n',
    '/proc/meminfo': 'MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 750 kB\n',
    '/proc/uptime': '350735.47 234388.90\n',
    '/proc/pressure/cpu': 'some avg10=1.53 avg60=1.20 avg300=0.90 total=8\n',
    '/proc/self/mounts':
      '/dev/sda1 / ext4 rw 0 0\n/dev/sda2 /var ext4 rw 0 0\nproc /proc proc rw 0 0\nnas:/x /mnt nfs rw 0 0\n',
  });
  const vitals = await createVitals(host, fakeClock(), 'boot')();

  assert.deepEqual(Vitals.parse(vitals), vitals);
  assert.equal(vitals.load1, 0.52);
  assert.equal(vitals.memoryUsedRatio, 0.25);
  assert.equal(vitals.diskUsedRatio, 0.9);
  assert.equal(vitals.pressureCpu, 1.53);
  assert.equal(vitals.pressureIo, null);
});

test('a kernel that shows nothing still has vitals that fit', async () => {
  const vitals = await createVitals(hostOf({}), fakeClock(), '')();

  assert.deepEqual(Vitals.parse(vitals), vitals);
});
