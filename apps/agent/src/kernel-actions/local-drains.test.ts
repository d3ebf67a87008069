import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ActionContext } from '@pilothouse/agent-kit';
import { localDrains } from './local-drains.ts';

const uid = process.getuid?.() ?? 0;

async function directoryWith(t: TestContext, programs: Record<string, number>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pilothouse-drains-'));
  t.after(() => rm(directory, { recursive: true }));
  for (const [name, mode] of Object.entries(programs)) {
    await writeFile(join(directory, name), '#!/bin/sh\n');
    await chmod(join(directory, name), mode);
  }
  return directory;
}

/** Of a context only `run` is asked. */
const running = (ran: string[], exitCode: number): ActionContext =>
  ({
    run: async ({ program }: { program: string }) => {
      ran.push(program);
      return { exitCode, signal: null, ended: 'by-itself', startError: null };
    },
  }) as unknown as ActionContext;

test('the host’s own drains are its programs in the order of their names, and nothing else that lies there', async (t) => {
  const directory = await directoryWith(t, {
    '20-guests.sh': 0o700,
    '10-queue': 0o755,
    '10-queue.dpkg-old': 0o700,
    'x~': 0o700,
  });
  const ran: string[] = [];

  const drains = await localDrains(directory, uid);
  const ends = await Promise.all(drains.map((each) => each.drain(running(ran, 0))));

  assert.deepEqual(
    drains.map(({ name }) => name),
    ['drain.d/10-queue', 'drain.d/20-guests.sh'],
  );
  assert.deepEqual(ran.sort(), [join(directory, '10-queue'), join(directory, '20-guests.sh')]);
  assert.ok(ends.every(({ kind }) => kind === 'succeeded'));
  assert.deepEqual(await localDrains(join(directory, 'nowhere'), uid), []);
});

test('one that fails, cannot be run or could be changed by others stops the reboot and is named', async (t) => {
  const directory = await directoryWith(t, { fails: 0o700, open: 0o722, plain: 0o600 });
  const ran: string[] = [];
  const reasons: unknown[] = [];

  for (const each of await localDrains(directory, uid)) {
    const end = await each.drain(running(ran, 3));
    assert.ok(end.kind === 'failed');
    reasons.push([end.error.code, end.error.details['drain'], end.error.details['reason']]);
  }
  const [foreign] = await localDrains(directory, uid + 1);

  assert.deepEqual(reasons, [
    ['REBOOT_DRAIN_FAILED', 'drain.d/fails', 'exit code 3'],
    [
      'REBOOT_DRAIN_FAILED',
      'drain.d/open',
      { en: 'others than root may change it', zh: 'root 以外的用户可更改它' },
    ],
    ['REBOOT_DRAIN_FAILED', 'drain.d/plain', { en: 'it is not executable', zh: '不可执行' }],
  ]);
  assert.equal((await foreign?.drain(running(ran, 0)))?.kind, 'failed');
  assert.deepEqual(ran, [join(directory, 'fails')]);
});
