import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from './run-program.ts';

test('tells output, exit code, and null for a program that is not there', async () => {
  const found = await runProgram('sh', ['-c', 'echo out; echo err >&2; echo $LC_ALL; exit 4']);

  assert.deepEqual([found?.stdout, found?.stderr, found?.exitCode], ['out\nC\n', 'err\n', 4]);
  assert.equal(await runProgram('no-such-program', []), null);
});

test('ends a program, and what it started, when its time is up', async () => {
  const found = await runProgram('sh', ['-c', 'sleep 300 & echo $!; wait'], { timeoutMs: 200 });

  assert.equal(found?.isTimedOut, true);
  assert.equal(found?.signal, 'SIGKILL');
});

test('cuts an output that is larger than the limit and ends its program', async () => {
  const found = await runProgram('yes', [], { outputBytesMax: 1000 });

  assert.equal(found?.isCut, true);
  assert.equal(found?.stdout.length, 1000);
});

test('ends with its program, whoever has left the group and holds its output open', {
  timeout: 20_000,
}, async (t) => {
  const found = await runProgram('sh', ['-c', 'setsid sleep 300 & echo $!; exit 3']);
  t.after(() => process.kill(Number(found?.stdout)));

  assert.equal(found?.exitCode, 3);
  assert.match(found.stdout, /^\d+\n$/);
});

test('takes no more from who writes on when the program has ended', { timeout: 20_000 }, async (t) => {
  const found = await runProgram('sh', [
    '-c',
    'setsid sh -c "while :; do echo more; sleep 0.01; done" & echo $! >&2',
  ]);
  t.after(() => process.kill(-Number(found?.stderr), 'SIGKILL'));

  assert.equal(found?.exitCode, 0);
});
