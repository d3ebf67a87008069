/**
 * A process that belongs to a task.
 *
 * Problem: when a task is cancelled or out of time, everything it started must end, daemonised grandchildren included;
 * when the agent restarts or is upgraded, nothing of a running task may end with it.
 *
 * Rule: the process leads its own group and session. Where systemd runs the host and the agent is root, it is started
 * inside a transient scope of its own, outside the agent's unit; ending the task kills the scope, which reaches what left
 * the group. Elsewhere the group is all there is. First SIGTERM, then SIGKILL after a grace.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { ProcessEnd, ProcessRequest } from './action.ts';
import { killGroup } from './run-program.ts';

/** Time between SIGTERM and SIGKILL: enough to remove a lock file, too short to stall a rollout. */
const GRACE_MS = 5_000;
/** How long output may still arrive after the program ended: a daemon that it left behind may hold the pipes for ever. */
const DRAIN_MS = 1_000;
const PATH_DEFAULT = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface TaskProcessOptions {
  readonly taskId: string;
  readonly signal: AbortSignal;
  /** Why the signal was aborted, asked when it was. */
  readonly endedBy: () => 'timed-out' | 'cancelled';
  readonly onOutput: (stream: 'stdout' | 'stderr', piece: Buffer) => void;
  readonly scope: 'systemd' | 'group';
}

/** Whether processes of tasks get a scope of their own here. */
export const scopeKind = (): 'systemd' | 'group' =>
  process.geteuid?.() === 0 &&
  existsSync('/run/systemd/system') &&
  lookUp('systemd-run', PATH_DEFAULT) !== null
    ? 'systemd'
    : 'group';

export function runTaskProcess(request: ProcessRequest, options: TaskProcessOptions): Promise<ProcessEnd> {
  const environment = environmentOf(request);
  const startError = reasonNotToStart(request, environment['PATH'] ?? PATH_DEFAULT);
  if (startError !== null) return Promise.resolve(notStarted(startError));
  if (options.signal.aborted) return Promise.resolve({ ...notStarted(null), ended: options.endedBy() });
  const { program, args } = commandOf(request, options);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: request.directory ?? '/',
      env: environment,
      detached: true,
      stdio: [request.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let cancelGrace: (() => void) | null = null;
    const abort = (): void => {
      cancelGrace = endTree(child.pid, options);
    };
    options.signal.addEventListener('abort', abort, { once: true });
    child.stdout?.on('data', (piece: Buffer) => options.onOutput('stdout', piece));
    child.stderr?.on('data', (piece: Buffer) => options.onOutput('stderr', piece));
    // A program may close its input early; what it did not read is its own affair.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(request.input);
    const finish = (end: ProcessEnd): void => {
      options.signal.removeEventListener('abort', abort);
      cancelGrace?.();
      resolve(end);
    };
    child.on('error', (error) => finish(notStarted('code' in error ? String(error.code) : error.message)));
    child.on('exit', () => {
      const drained = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
      child.once('close', () => clearTimeout(drained));
    });
    child.on('close', (exitCode, signal) => {
      finish({
        exitCode,
        signal,
        ended: options.signal.aborted ? options.endedBy() : 'by-itself',
        startError: null,
      });
    });
  });
}

const notStarted = (startError: string | null): ProcessEnd => ({
  exitCode: null,
  signal: null,
  ended: 'not-started',
  startError,
});

function environmentOf(request: ProcessRequest): Record<string, string> {
  return { PATH: PATH_DEFAULT, LANG: 'C.UTF-8', HOME: '/', ...request.environment };
}

/** Wrapped in `systemd-run --scope` and `setpriv` as needed; each passes exit code and signals through. */
function commandOf(
  request: ProcessRequest,
  options: TaskProcessOptions,
): { program: string; args: string[] } {
  const parts = [request.program, ...request.args];
  if (request.user !== undefined && process.geteuid?.() === 0) {
    parts.unshift(
      'setpriv',
      `--reuid=${request.user}`,
      `--regid=${groupOf(request.user)}`,
      '--init-groups',
      '--',
    );
  }
  if (options.scope === 'systemd')
    parts.unshift(
      'systemd-run',
      '--scope',
      '--quiet',
      '--collect',
      `--unit=${scopeName(options.taskId)}`,
      '--',
    );
  const [program = '', ...args] = parts;
  return { program, args };
}

const scopeName = (taskId: string): string =>
  `pilothouse-task-${taskId.replace(/[^a-zA-Z0-9_]/g, '-')}.scope`;

const groupOf = (user: string): string => spawnSync('id', ['-g', user], { encoding: 'utf8' }).stdout.trim();

/** Says early what `spawn` would say late or, inside a wrapper, not at all. */
function reasonNotToStart(request: ProcessRequest, path: string): string | null {
  if (request.directory !== undefined && !isDirectory(request.directory)) return 'ENOTDIR';
  if (request.user !== undefined) {
    if (groupOf(request.user) === '') return 'ENOUSER';
    if (
      process.geteuid?.() !== 0 &&
      spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout.trim() !== request.user
    )
      return 'EPERM';
  }
  const found = lookUp(request.program, path);
  if (found === null) return 'ENOENT';
  return found.isExecutable ? null : 'EACCES';
}

function lookUp(program: string, path: string): { isExecutable: boolean } | null {
  const candidates = program.includes('/')
    ? [program]
    : path.split(delimiter).map((folder) => join(folder, program));
  const present = candidates.filter((file) => isAbsolute(file) && existsSync(file) && !isDirectory(file));
  if (present.length === 0) return null;
  return { isExecutable: present.some(isExecutable) };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** SIGTERM to all, SIGKILL after the grace. Returns the cancel of the second. */
function endTree(pid: number | undefined, options: TaskProcessOptions): () => void {
  const signalAll = (signal: NodeJS.Signals): void => {
    if (pid !== undefined) killGroup(pid, signal);
    if (options.scope === 'systemd') {
      spawnSync('systemctl', ['kill', `--signal=${signal}`, scopeName(options.taskId)], { stdio: 'ignore' });
    }
  };
  signalAll('SIGTERM');
  const timer = setTimeout(() => signalAll('SIGKILL'), GRACE_MS);
  return () => {
    clearTimeout(timer);
    // What ignored SIGTERM and outlived the leader ends here.
    signalAll('SIGKILL');
  };
}
