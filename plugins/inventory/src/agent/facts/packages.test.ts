import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHostAccess } from '@pilothouse/agent-kit';
import { bytes } from '@pilothouse/base';
import { packagesCollector } from './packages.ts';

test('a database that is longer than is read is no list of packages, whatever letters it has', async () => {
  const entry = 'Package: a\nStatus: install ok installed\nVersion: 1\nMaintainer: Zoë\n\n';
  const cut = Buffer.from(entry.padEnd(bytes.mib(64), 'ë'))
    .subarray(0, bytes.mib(64))
    .toString();
  const host = {
    ...createHostAccess({ root: '/nowhere' }),
    readText: async (path: string) => (path === '/var/lib/dpkg/status' ? cut : null),
  };

  const found = await packagesCollector.collect(host);

  assert.deepEqual(found.kind === 'absent' ? found.reason : found.body, 'too-large');
});
