import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ActionContext, ProcessRequest } from '@pilothouse/agent-kit';
import { restore, tellReaders } from './put-back.ts';

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

test('systemd reads its own files again before the unit that they describe is told', async () => {
  const asked: string[] = [];
  const context = {
    run: async ({ args }: ProcessRequest) => {
      asked.push(args.filter((argument) => argument !== '--').join(' '));
      return { exitCode: 0, signal: null, ended: 'by-itself' as const, startError: null };
    },
  };
  const after = [{ unit: 'app.service', verb: 'restart' as const }];

  await tellReaders('/etc/systemd/system/app.service.d/limits.conf', after, context);
  await tellReaders('/etc/app/systemd/system.conf', after, context);
  await tellReaders('/etc/systemd/system/app.service', [], context);

  assert.deepEqual(asked, ['daemon-reload', 'restart app.service', 'restart app.service']);
});
