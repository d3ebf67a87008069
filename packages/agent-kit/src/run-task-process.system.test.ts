import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { until } from '@pilothouse/testkit';
import type { ProcessRequest } from './action.ts';
import { isAlive } from './process-tree.ts';
import { CANCELLED, runTaskProcess, TIMED_OUT } from './run-task-process.ts';

let directory = '';
let stdout = '';
let stderr = '';
let abort = new AbortController();
let sawOutput = (): void => {};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'task-'));
  [stdout, stderr] = ['', ''];
  abort = new AbortController();
});
afterEach(() => rm(directory, { recursive: true }));

const taskId = () => `t_${directory.slice(-6)}`;
const run = (request: ProcessRequest) =>
  runTaskProcess(request, {
    taskId: taskId(),
    number: 1,
    directory,
    hasScopes: false,
    isRoot: process.getuid?.() === 0,
    signal: abort.signal,
    graceMs: 300,
    output(stream, piece) {
      if (stream === 'stdout') stdout += piece.toString();
      else stderr += piece.toString();
      sawOutput();
    },
  });
const sh = (text: string, more: Partial<ProcessRequest> = {}) =>
  run({ program: 'sh', args: ['-c', text], ...more });
const firstOutput = () => new Promise<void>((resolve) => (sawOutput = resolve));

test('gives a program its arguments, environment, directory and input, and nothing of the agent', async () => {
  // What its unit gives the agent to keep it small, too.
  Object.assign(process.env, {
    AGENT_SECRET: 'hush',
    NODE_OPTIONS: '--v8-pool-size=1',
    MALLOC_ARENA_MAX: '1',
  });
  const end = await sh(
    'cat; echo "$X $PWD $AGENT_SECRET$NODE_OPTIONS$MALLOC_ARENA_MAX"; echo oops >&2; exit 3',
    {
      environment: { X: 'y' },
      directory: '/usr',
      input: 'in\n',
    },
  );

  assert.deepEqual(end, { exitCode: 3, signal: null, ended: 'by-itself', startError: null });
  assert.equal(stdout, 'in\ny /usr \n');
  assert.equal(stderr, 'oops\n');
});

test('a program may open /dev/stdout, and reads an empty input when none is given', async () => {
  const end = await sh('cat > /dev/stderr; echo here > /dev/stdout');

  assert.equal(end.exitCode, 0);
  assert.equal(stdout, 'here\n');
});

test('says why a program could not start', async () => {
  const errors = [
    await run({ program: 'no-such-program', args: [] }),
    await run({ program: '/etc/passwd', args: [] }),
    await run({ program: 'true', args: [], directory: '/no/such' }),
    await run({ program: 'true', args: [], user: 'no-such-user' }),
  ];

  assert.deepEqual(
    errors.map((end) => [end.ended, end.startError]),
    [
      ['not-started', 'ENOENT'],
      ['not-started', 'EACCES'],
      ['not-started', 'ENOTDIR'],
      ['not-started', 'EUSER'],
    ],
  );
});

test('a time limit ends the whole tree, also what ignores SIGTERM', async () => {
  const running = sh('trap "" TERM; sleep 300 & echo $!; while :; do sleep 1; done');
  await firstOutput();
  abort.abort(TIMED_OUT);
  const end = await running;

  assert.equal(end.ended, 'timed-out');
  assert.equal(end.signal, 'SIGKILL');
  assert.equal(await isAlive({ taskId: taskId(), group: null, scope: null }), false);
});

test('a cancel lets a program end itself', async () => {
  const running = sh('trap "echo bye; exit 7" TERM; echo up; while :; do sleep 0.05; done');
  await firstOutput();
  abort.abort(CANCELLED);
  const end = await running;

  assert.deepEqual(end, { exitCode: 7, signal: null, ended: 'cancelled', startError: null });
  assert.match(stdout, /bye/);
});

test('a cancel that comes while the program is being prepared is not missed', async () => {
  const running = sh('echo ran; sleep 300');
  abort.abort(CANCELLED);
  const end = await running;

  assert.deepEqual(end, { exitCode: null, signal: null, ended: 'cancelled', startError: null });
  assert.equal(stdout, '');
});

test('a program that the system refuses to start is said so, and leaves nothing open', async () => {
  const openFiles = async () => (await readdir('/proc/self/fd')).length;
  const before = await openFiles();
  const end = await run({ program: 'echo', args: ['x'.repeat(256 * 1024)] });

  assert.deepEqual([end.ended, end.startError], ['not-started', 'E2BIG']);
  await until('the pipes to be closed', 5_000, async () => (await openFiles()) <= before);
});

test('nothing is heard of a task that is over, also where pipes have no names', async (t) => {
  const path = process.env['PATH'];
  t.after(() => Object.assign(process.env, { PATH: path }));
  // Without mkfifo, as on a disk that has no room for one.
  process.env['PATH'] = '/nowhere';
  const went = join(directory, 'went');
  const daemon = `touch "$0/left"; while [ ! -e "$0/go" ]; do sleep 0.05; done; trap "" PIPE; echo late; touch "$0/went"`;
  const end = await sh(
    // Until it has a session of its own it belongs to the task, which would end it.
    `setsid sh -c '${daemon}' ${directory} & while [ ! -e ${directory}/left ]; do sleep 0.05; done; echo done`,
  );
  await writeFile(join(directory, 'go'), '');
  await until('the daemon to have spoken', 10_000, async () => existsSync(went));

  assert.equal(end.exitCode, 0);
  assert.equal(stdout, 'done\n');
});

test('what a program leaves behind in its group ends with it', async () => {
  const end = await sh('sleep 300 & echo done');

  assert.equal(end.exitCode, 0);
  assert.equal(stdout, 'done\n');
  assert.equal(await isAlive({ taskId: taskId(), group: null, scope: null }), false);
});

test('runs as another user with its own home and groups', async (t) => {
  if (process.getuid?.() !== 0) {
    const end = await run({ program: 'id', args: ['-un'], user: 'root' });
    return assert.equal(end.startError, 'EPERM');
  }
  const end = await sh('id -un; echo $HOME; echo open > /dev/stderr', { user: 'nobody' });

  t.diagnostic(stderr);
  assert.equal(end.exitCode, 0);
  assert.match(stdout, /^nobody\n\/nonexistent\n/);
  assert.equal(stderr, 'open\n');
});

test('a path of the request says where its program is, and not what puts it into a scope', async () => {
  const taken = join(directory, 'taken');
  await writeFile(join(directory, 'systemd-run'), `#!/bin/sh\n: > ${taken}\n`, { mode: 0o755 });

  await runTaskProcess(
    { program: '/bin/true', args: [], environment: { PATH: directory } },
    {
      taskId: taskId(),
      number: 1,
      directory,
      hasScopes: true,
      isRoot: true,
      signal: abort.signal,
      output() {},
    },
  );

  assert.equal(existsSync(taken), false);
});

test('variables of the request reach the program of another user, and nothing that is root before it', async () => {
  if (process.getuid?.() !== 0) return;
  const loads = join(directory, 'loads');
  await mkdir(loads);
  await chmod(directory, 0o755);
  await chmod(loads, 0o1777);
  const end = await sh('echo "$X|$UID|$PILOTHOUSE_TASK_ID"; env', {
    user: 'nobody',
    environment: {
      X: 'a "b" $HOME\n`c`',
      UID: '7',
      PILOTHOUSE_TASK_ID: 'another',
      // What the loader of each program on the way writes tells whose it was.
      LD_DEBUG: 'files',
      LD_DEBUG_OUTPUT: join(loads, 'by'),
    },
  });

  const owners = await Promise.all((await readdir(loads)).map(async (name) => stat(join(loads, name))));
  assert.deepEqual(
    owners.filter(({ uid }) => uid === 0).map(({ uid }) => uid),
    [],
  );
  assert.equal(end.exitCode, 0, stderr);
  assert.match(stdout, new RegExp(`^a "b" \\$HOME\n\`c\`\\|7\\|${taskId()}\n`));
  assert.doesNotMatch(stdout, /PILOTHOUSE_GIVEN_/);
});
