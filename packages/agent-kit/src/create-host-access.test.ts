import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHostAccess } from './create-host-access.ts';

const root = mkdtempSync(join(tmpdir(), 'host-'));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'etc'));
mkdirSync(join(root, 'usr/lib'), { recursive: true });
writeFileSync(join(root, 'usr/lib/os-release'), 'ID=debian\n');
symlinkSync('../usr/lib/os-release', join(root, 'etc/os-release'));
symlinkSync('/usr/lib', join(root, 'lib'));
symlinkSync('../../../../../../etc/passwd', join(root, 'etc/escape'));
symlinkSync('/loop', join(root, 'loop'));
const host = createHostAccess({ root });

test('reads files under its root, links included, and says null of what is not there', async () => {
  assert.equal(await host.readText('/etc/os-release'), 'ID=debian\n');
  assert.equal(await host.readText('/lib/os-release', 4), 'ID=d');
  assert.equal(await host.readText('/no/such'), null);
  assert.equal(await host.readText('/etc'), null);
  assert.deepEqual(await host.list('/etc'), ['escape', 'os-release']);
  assert.equal(await host.readLink('/lib'), '/usr/lib');
  assert.equal(await host.exists('/lib/os-release'), true);
});

test('no link leads out of the root', async () => {
  assert.equal(await host.readText('/etc/escape'), null);
  await assert.rejects(host.readText('/loop'), { message: 'read /loop' });
});

test('a tree of files has no programs', async () => {
  assert.equal(await host.run('true', []), null);
});

test('a pipe in the place of a file holds nobody up', async () => {
  execFileSync('mkfifo', [join(root, 'pipe')]);

  assert.equal((await host.readText('/pipe')) ?? '', '');
});
