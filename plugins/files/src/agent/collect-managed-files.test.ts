import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createHostAccess, type HostAccess } from '@pilothouse/agent-kit';
import { MANAGED_LIST } from '../contract/facts.ts';
import { managedFilesCollector } from './collect-managed-files.ts';

const digest = createHash('sha256').update('text').digest('hex');
const entry = { state: 'present', digest, mode: '0644', uid: 0, gid: 0 };

/** A host that manages `/etc/app.conf`, which lies there as it shall, and `/etc/gone`. */
async function hostOf(t: TestContext, stat: HostAccess['run']): Promise<HostAccess> {
  const root = await mkdtemp(join(tmpdir(), 'managed-'));
  t.after(() => rm(root, { recursive: true }));
  const files = { '/etc/app.conf': entry, '/etc/gone': entry };
  for (const [path, text] of [
    [MANAGED_LIST, JSON.stringify({ files })],
    ['/etc/app.conf', 'text'],
  ] as const) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return createHostAccess({ root, run: stat });
}

const ended = { signal: null, stderr: '', isTimedOut: false, isCut: false };

test('looks with the stat of BusyBox as with that of GNU', async (t) => {
  const host = await hostOf(t, async (_program, args) =>
    // BusyBox knows -c and no --printf.
    args[0] === '-c'
      ? { ...ended, exitCode: 1, stdout: '81a4\t0\t0\t/etc/app.conf\n' }
      : { ...ended, exitCode: 1, stdout: '' },
  );

  const found = await managedFilesCollector.collect(host);

  assert.deepEqual(found.kind === 'present' && found.body.files.map(({ path, drift }) => [path, drift]), [
    ['/etc/app.conf', 'none'],
    ['/etc/gone', 'missing'],
  ]);
});

test('where nobody could look, no file is said to be missing', async (t) => {
  for (const answer of [
    null,
    { ...ended, exitCode: null, signal: 'SIGKILL', stdout: '', isTimedOut: true },
  ]) {
    const found = await managedFilesCollector.collect(await hostOf(t, async () => answer));

    assert.equal(found.kind === 'absent' && found.reason, answer === null ? 'tool-missing' : 'failed');
  }
});
