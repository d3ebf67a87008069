import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { labProcesses } from '../cgroups.ts';
import { labDown, labUp } from '../lab.ts';
import { CGROUP, HOSTS_DIRECTORY, hostDirectory, NAMESPACE_PREFIX } from '../places.ts';
import { mustRun } from '../run-command.ts';
import { claimLab } from './claim-lab.ts';

let release: () => void;

before(async () => {
  release = await claimLab();
  await labDown();
});

after(async () => {
  await labDown();
  release();
});

test('down removes what a lab left behind that was killed', async () => {
  await labUp({ count: 2, distributions: ['debian-12'], say: () => undefined });
  const wrapper = Number(readFileSync(join(hostDirectory('h1'), 'pid'), 'utf8'));
  process.kill(wrapper, 'SIGKILL');

  await labDown();

  assert.deepEqual(await labProcesses(), []);
  assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(HOSTS_DIRECTORY), 'no mount is left');
  assert.ok(!(await mustRun('ip', ['netns', 'list'])).includes(NAMESPACE_PREFIX), 'no namespace is left');
  assert.ok(!(await mustRun('ip', ['-o', 'link', 'show'])).includes('phlab'), 'no link is left');
  assert.equal(await mustRun('find', ['/sys/fs/cgroup', '-name', CGROUP]), '', 'no cgroup is left');
});
