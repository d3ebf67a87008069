import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ProcessRequest } from './action.ts';
import { runTaskProcess } from './task-process.ts';

function run(request: ProcessRequest, controller = new AbortController()) {
  const output = { stdout: '', stderr: '' };
  const ended = runTaskProcess(request, {
    taskId: 't_1',
    signal: controller.signal,
    endedBy: () => 'cancelled',
    onOutput: (stream, piece) => {
      output[stream] += piece.toString();
      if (output.stdout.includes('ready')) controller.abort();
    },
    scope: 'group',
  });
  return { ended, output };
}

test('streams both outputs and tells the exit code', async () => {
  const { ended, output } = run({ program: 'sh', args: ['-c', 'echo out; echo err >&2; exit 3'] });

  assert.deepEqual(await ended, { exitCode: 3, signal: null, ended: 'by-itself', startError: null });
  assert.deepEqual(output, { stdout: 'out\n', stderr: 'err\n' });
});

test('closes stdin, so that a program that asks does not wait for ever', async () => {
  const { ended } = run({ program: 'cat', args: [] });

  assert.equal((await ended).exitCode, 0);
});

test('a cancel ends the whole tree, children in the background included', async () => {
  const { ended, output } = run({ program: 'sh', args: ['-c', 'sleep 300 & echo $! ready; wait'] });

  const end = await ended;

  assert.equal(end.ended, 'cancelled');
  const pid = Number(output.stdout.split(' ')[0]);
  const state = (() => {
    try {
      return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    } catch {
      return 'gone';
    }
  })();
  assert.ok(state === 'gone' || state === 'Z', `child is ${state}`);
});

test('says why a program cannot start', async () => {
  assert.equal((await run({ program: 'no-such-program', args: [] }).ended).startError, 'ENOENT');
  assert.equal((await run({ program: '/etc/passwd', args: [] }).ended).startError, 'EACCES');
  assert.equal((await run({ program: 'true', args: [], user: 'nobody-here' }).ended).startError, 'ENOUSER');
  assert.equal((await run({ program: 'true', args: [], directory: '/no/such' }).ended).startError, 'ENOTDIR');
});

test('runs as another user with that user as its own group', async () => {
  const { ended, output } = run({ program: 'id', args: ['-un'], user: 'nobody' });

  await ended;

  assert.equal(output.stdout, 'nobody\n');
});

test('does not wait for a daemon that the command left behind', async () => {
  const { ended, output } = run({ program: 'sh', args: ['-c', 'sleep 30 & echo $!'] });

  assert.equal((await ended).ended, 'by-itself');
  process.kill(Number(output.stdout), 'SIGKILL');
});
