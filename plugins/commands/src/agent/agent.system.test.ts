import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import {
  type ActionContext,
  type ProcessEnd,
  type ProcessRequest,
  runTaskProcess,
} from '@pilothouse/agent-kit';
import { CommandParameters, ScriptParameters } from '../contract/command-parameters.ts';
import { runCommand } from './run-command.ts';
import { runScript } from './run-script.ts';

let scratch = '';
let printed = '';
let started = 0;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'commands-'));
  printed = '';
  started = 0;
});
afterEach(() => rm(scratch, { recursive: true }));

/** Real processes, without the agent's scopes and limits. */
const start = (request: ProcessRequest): Promise<ProcessEnd> =>
  new Promise((resolve) => {
    started += 1;
    const child = spawn(request.program, request.args, {
      cwd: request.directory,
      env: { PATH: '/usr/bin:/bin', ...request.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (data) => (printed += data));
    child.stderr.on('data', (data) => (printed += data));
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ exitCode: null, signal: null, ended: 'not-started', startError: error.code ?? 'unknown' }),
    );
    child.on('close', (exitCode, signal) =>
      resolve({ exitCode, signal, ended: 'by-itself', startError: null }),
    );
  });

const context = (isRoot = true): ActionContext => ({
  taskId: 't_1',
  signal: new AbortController().signal,
  scratch,
  isRoot,
  print: (_, text) => (printed += text),
  run: start,
  planDigest: '0'.repeat(64),
  expectReboot: async () => {},
  recordUndo: async () => {},
});

const command = (parameters: object) => runCommand.run(CommandParameters.parse(parameters), context());
const script = (parameters: object) => runScript.run(ScriptParameters.parse(parameters), context());

test('runs an argument vector without any shell in between', async () => {
  const end = await command({ argv: ['printf', '%s|', 'a b', '$HOME', ';id'] });

  assert.deepEqual(end, { kind: 'succeeded', exitCode: 0 });
  assert.equal(printed, 'a b|$HOME|;id|');
});

test('runs a text for a shell with environment and directory', async () => {
  const end = await command({
    shell: 'echo "$X in $PWD" | tr a-z A-Z',
    environment: { X: 'y' },
    directory: '/usr',
  });

  assert.equal(end.kind, 'succeeded');
  assert.equal(printed, 'Y IN /USR\n');
});

test('tells a program that does not exist from one that fails', async () => {
  const missing = await command({ argv: ['uptiem'] });
  const failing = await command({ argv: ['false'] });
  const inside = await command({ shell: 'uptiem -p' });

  assert.deepEqual(missing, {
    kind: 'failed',
    exitCode: 127,
    error: { code: 'COMMANDS_NOT_FOUND', details: { program: 'uptiem' } },
  });
  assert.equal(failing.kind === 'failed' && failing.error.code, 'COMMANDS_EXIT_CODE');
  assert.equal(inside.kind === 'failed' && inside.error.code, 'COMMANDS_NOT_FOUND_INSIDE');
});

test('tells a signal from an exit code', async () => {
  const end = await command({ shell: 'kill -9 $$' });

  assert.deepEqual(end, {
    kind: 'failed',
    exitCode: null,
    signal: 'SIGKILL',
    error: { code: 'COMMANDS_SIGNAL', details: { signal: 'SIGKILL' } },
  });
});

test('starts nothing when user, directory or interpreter is missing', async () => {
  const ends = [
    await command({ argv: ['true'], user: 'no-such-user' }),
    await command({ argv: ['true'], directory: '/no/such' }),
    await command({ shell: 'true', interpreter: 'no-such-shell' }),
    await script({ text: 'true', interpreter: '/no/such/python' }),
  ];

  assert.deepEqual(
    ends.map((end) => end.kind === 'failed' && end.error.code),
    [
      'COMMANDS_USER_UNKNOWN',
      'COMMANDS_DIRECTORY_MISSING',
      'COMMANDS_INTERPRETER_MISSING',
      'COMMANDS_INTERPRETER_MISSING',
    ],
  );
  assert.equal(started, 0);
});

test('refuses another user when the agent is not root', async () => {
  const other = userInfo().username === 'root' ? 'daemon' : 'root';
  const parameters = CommandParameters.parse({ argv: ['true'], user: other });

  const end = await runCommand.run(parameters, context(false));

  assert.equal(end.kind === 'failed' && end.error.code, 'COMMANDS_USER_NEEDS_ROOT');
});

test('passes arguments to a script as they are', async () => {
  const end = await script({ text: 'for a in "$@"; do echo "[$a]"; done', arguments: ['a b', '$(id)', ''] });

  assert.equal(end.kind, 'succeeded');
  assert.equal(printed, '[a b]\n[$(id)]\n[]\n');
});

test('runs a script as another user, who may not look into what is the agent’s', async () => {
  const asTask = (request: ProcessRequest) =>
    runTaskProcess(request, {
      taskId: 't_other',
      number: 1,
      directory: scratch,
      hasScopes: false,
      isRoot: process.getuid?.() === 0,
      signal: new AbortController().signal,
      output: (_, piece) => (printed += piece),
    });
  let path = '';
  const run = (request: ProcessRequest) => {
    path = request.args[0] ?? '';
    return asTask(request);
  };
  const parameters = ScriptParameters.parse({ text: 'id -un; echo "$1"', user: 'nobody', arguments: ['x'] });
  const inner = await mkdtemp(join(scratch, 'task-'));
  const end = await runScript.run(parameters, {
    ...context(process.getuid?.() === 0),
    scratch: inner,
    run,
  });

  if (process.getuid?.() !== 0)
    return assert.equal(end.kind === 'failed' && end.error.code, 'COMMANDS_USER_NEEDS_ROOT');
  assert.deepEqual([end.kind, printed], ['succeeded', 'nobody\nx\n']);
  assert.equal(existsSync(path), false, 'the text is gone with the task');
});

test('runs scripts of other interpreters', async () => {
  await script({ text: 'import sys\nprint(sys.argv[1:])', interpreter: 'python3', arguments: ['x'] });
  await script({ text: 'print "$ARGV[0]\\n";', interpreter: 'perl', arguments: ['y'] });

  assert.equal(printed, "['x']\ny\n");
});

test('a dry run starts nothing, writes nothing and says what would run', async () => {
  const parameters = { environment: { SECRET: 'hush' }, directory: '/tmp' };
  const first = await runCommand.dryRun(
    CommandParameters.parse({ argv: ['ls', '-l a'], ...parameters }),
    context(),
  );
  const second = await runScript.dryRun(
    ScriptParameters.parse({ text: 'echo hush', ...parameters }),
    context(),
  );

  assert.equal(first.kind, 'succeeded');
  assert.equal(second.kind, 'succeeded');
  assert.equal(started, 0);
  assert.deepEqual(await readdir(scratch), []);
  assert.match(printed, /program: \/usr\/bin\/ls\nargument: "-l a"\nuser: root\ndirectory: \/tmp/);
  assert.doesNotMatch(printed, /hush/);
});

test('a dry run fails as the run would', async () => {
  const end = await runCommand.dryRun(CommandParameters.parse({ argv: ['uptiem'] }), context());

  assert.equal(end.kind === 'failed' && end.error.code, 'COMMANDS_NOT_FOUND');
});
