import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ActionContext, ProcessRequest } from '@pilothouse/agent-kit';
import { restore } from './put-back.ts';

test('a file that is put back is a new one, and has its label by the rules of its place again', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'put-back-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'hosts');
  const selinux = join(directory, 'selinux');
  await writeFile(path, 'new');
  const asked: ProcessRequest[] = [];
  const run: ActionContext['run'] = async (request) => {
    asked.push(request);
    return { exitCode: 0, signal: null, ended: 'by-itself', startError: null };
  };
  const before = {
    kind: 'file' as const,
    content: Buffer.from('old'),
    mode: '0644',
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  };

  await restore({ path, at: path }, before, { run }, selinux);
  assert.deepEqual(asked, [], 'a host without SELinux has no labels');
  await mkdir(join(selinux, 'booleans'), { recursive: true });
  await restore({ path, at: path }, before, { run }, selinux);
  await restore({ path, at: path }, { kind: 'absent' }, { run }, selinux);

  assert.deepEqual(asked, [{ program: 'restorecon', args: ['--', path] }]);
  await assert.rejects(readFile(path), { code: 'ENOENT' });
});
