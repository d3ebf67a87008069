/**
 * Runs one program of a task: in its own session and process group, where systemd is there in its own transient scope, so
 * that the end of the agent ends nothing and the end of the task ends all of it. Time limit and cancel come through the
 * signal. It does not judge exit codes, and it keeps no output: both are the caller's.
 */
import { ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { type UserInfo, userInfo } from 'node:os';
import type { Readable } from 'node:stream';
import { errorCode } from '@pilothouse/base';
import type { ProcessEnd, ProcessRequest } from './action.ts';
import { findProgram } from './find-program.ts';
import { lookUpUser, type SystemUser } from './look-up-user.ts';
import { type OutputPipe, openOutputPipes } from './output-pipes.ts';
import { endProcessTree, TASK_VARIABLE } from './process-tree.ts';
import { SYSTEM_PATH } from './run-program.ts';
import { carryEnvironment } from './task-environment.ts';

/** From SIGTERM to SIGKILL. */
export const END_GRACE_MS = 5_000;
/** Output that is still on its way when the program has ended; a process that left the tree may hold the pipe for ever. */
const DRAIN_MS = 500;

/** Why the signal was aborted; any other reason counts as a cancel. */
export const TIMED_OUT = 'timed-out';
export const CANCELLED = 'cancelled';

export interface TaskProcessOptions {
  readonly taskId: string;
  /** Tells the programs of one task apart: 1, 2, … */
  readonly number: number;
  /** The task's directory, for its pipes. */
  readonly directory: string;
  /** Whether programs get a transient systemd scope: systemd is PID 1 and the agent is root. */
  readonly hasScopes: boolean;
  readonly isRoot: boolean;
  readonly signal: AbortSignal;
  readonly graceMs?: number;
  output(stream: 'stdout' | 'stderr', piece: Buffer): void;
}

interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
  readonly scope: string | null;
}

export async function runTaskProcess(
  request: ProcessRequest,
  options: TaskProcessOptions,
): Promise<ProcessEnd> {
  if (options.signal.aborted) return ended(null, null, reasonOf(options.signal));
  const launch = await prepare(request, options);
  if ('startError' in launch) return launch;
  const pipes = await openOutputPipes(options.directory, [
    `stdout-${options.number}`,
    `stderr-${options.number}`,
  ]);
  const child = startUnlessOver(launch, { request, options, pipes });
  return child instanceof ChildProcess ? supervise(child, launch, { request, options, pipes }) : child;
}

/** Finds program, user and directory first: what a scope or another user's start would say of them is not precise. */
async function prepare(request: ProcessRequest, options: TaskProcessOptions): Promise<Launch | ProcessEnd> {
  const directory = request.directory ?? '/';
  if (!((await stat(directory).catch(() => null))?.isDirectory() ?? false)) return notStarted('ENOTDIR');
  const own = userInfo();
  const isOwn = request.user === undefined || request.user === own.username;
  const user = isOwn ? userOf(own) : await lookUpUser(request.user);
  if (user === null && request.user !== undefined) return notStarted('EUSER');
  const isOther = user !== null && user.uid !== own.uid;
  if (isOther && !options.isRoot) return notStarted('EPERM');
  const base = baseEnvironment(user, options.taskId);
  const given = request.environment ?? {};
  let env: Record<string, string> = { ...base, ...given, [TASK_VARIABLE]: options.taskId };
  const found = await findProgram(request.program, { path: env['PATH'] ?? SYSTEM_PATH, directory });
  if ('error' in found) return notStarted(found.error);

  let argv: readonly string[] = [found.path, ...request.args];
  let ids: SpawnOptions = {};
  if (isOther) {
    const setpriv = await findProgram('setpriv', { path: SYSTEM_PATH, directory });
    if ('path' in setpriv) {
      const carried = carryEnvironment(argv, { base, given });
      env = carried.environment;
      const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups'];
      argv = [setpriv.path, ...ids, '--', ...carried.argv];
    } else ids = { uid: user.uid, gid: user.gid };
  }
  const scope = options.hasScopes ? `pilothouse-task-${options.taskId}-${options.number}.scope` : null;
  if (scope !== null) {
    // By its place: a path that the request names says where its own program is, and this one runs as root.
    const scoping = await findProgram('systemd-run', { path: SYSTEM_PATH, directory });
    if ('error' in scoping) return notStarted(scoping.error);
    argv = [scoping.path, '--scope', '--quiet', '--collect', `--unit=${scope}`, '--', ...argv];
  }
  const [program = '', ...args] = argv;
  return { program, args, scope, options: { cwd: directory, env, detached: true, ...ids } };
}

/** What the system's libraries say of this process' own user; asked without a program in between. */
const userOf = ({ username, uid, gid, homedir, shell }: UserInfo<string>): SystemUser => ({
  name: username,
  uid,
  gid,
  home: homedir || '/',
  shell: shell || '/bin/sh',
});

/** Nothing of the agent's own environment reaches a task, so a task runs alike whoever started the agent. */
function baseEnvironment(user: SystemUser | null, taskId: string): Record<string, string> {
  return {
    PATH: SYSTEM_PATH,
    LANG: 'C.UTF-8',
    HOME: user?.home ?? '/',
    SHELL: user?.shell ?? '/bin/sh',
    ...(user === null ? {} : { USER: user.name, LOGNAME: user.name }),
    [TASK_VARIABLE]: taskId,
  };
}

interface Supervision {
  readonly request: ProcessRequest;
  readonly options: TaskProcessOptions;
  readonly pipes: readonly [OutputPipe, OutputPipe] | null;
}

/** The time may have come to its end meanwhile; some refusals of the system are thrown, such as a line that is too long. */
function startUnlessOver(
  launch: Launch,
  { request, options, pipes }: Supervision,
): ChildProcess | ProcessEnd {
  let isStarted = false;
  try {
    if (options.signal.aborted) return ended(null, null, reasonOf(options.signal));
    const child = spawn(launch.program, launch.args, {
      ...launch.options,
      stdio: [
        request.input === undefined ? 'ignore' : 'pipe',
        pipes?.[0].childFd ?? 'pipe',
        pipes?.[1].childFd ?? 'pipe',
      ],
    });
    isStarted = true;
    return child;
  } catch (cause) {
    const code = errorCode(cause);
    if (code === null) throw cause;
    return notStarted(code);
  } finally {
    for (const pipe of pipes ?? []) {
      pipe.handedOver();
      if (!isStarted) pipe.reader.destroy();
    }
  }
}

async function supervise(
  child: ChildProcess,
  launch: Launch,
  { request, options, pipes }: Supervision,
): Promise<ProcessEnd> {
  const exited = exitOf(child);
  const drained = Promise.all([
    follow(pipes?.[0].reader ?? child.stdout, (piece) => options.output('stdout', piece)),
    follow(pipes?.[1].reader ?? child.stderr, (piece) => options.output('stderr', piece)),
  ]);
  feed(child, request.input);
  const tree = { taskId: null, group: child.pid ?? null, scope: launch.scope };
  const graceMs = options.graceMs ?? END_GRACE_MS;
  let ending: Promise<void> = Promise.resolve();
  const end = (): void => {
    ending = endProcessTree(tree, graceMs);
  };
  options.signal.addEventListener('abort', end, { once: true });
  const exit = await exited;
  options.signal.removeEventListener('abort', end);
  await ending;
  // What the program left running in its own group belongs to the task, and the task's program has ended.
  if (child.pid !== undefined) await endProcessTree(tree, graceMs);
  await Promise.race([drained, once(AbortSignal.timeout(DRAIN_MS), 'abort')]);
  for (const stream of [...(pipes ?? []).map(({ reader }) => reader), child.stdout, child.stderr])
    stream?.destroy();
  if ('startError' in exit) return exit;
  return ended(exit.exitCode, exit.signal, options.signal.aborted ? reasonOf(options.signal) : 'by-itself');
}

const exitOf = (
  child: ChildProcess,
): Promise<ProcessEnd | { readonly exitCode: number | null; readonly signal: string | null }> =>
  new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => resolve(notStarted(error.code ?? 'unknown')));
    child.on('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  });

const follow = (stream: Readable | null, take: (piece: Buffer) => void): Promise<void> =>
  new Promise((resolve) => {
    if (stream === null) return resolve();
    stream.on('data', take);
    stream.on('close', resolve);
    // A reading error ends the output, not the program; what was read so far stands.
    stream.on('error', () => resolve());
  });

function feed(child: ChildProcess, input: string | undefined): void {
  if (input === undefined || child.stdin === null) return;
  // EPIPE: the program ended without reading its input, which is its own affair.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
}

const reasonOf = (signal: AbortSignal): 'timed-out' | 'cancelled' =>
  signal.reason === TIMED_OUT ? 'timed-out' : 'cancelled';

const ended = (
  exitCode: number | null,
  signal: string | null,
  how: 'by-itself' | 'timed-out' | 'cancelled',
): ProcessEnd => ({ exitCode, signal, ended: how, startError: null });

const notStarted = (startError: string): ProcessEnd => ({
  exitCode: null,
  signal: null,
  ended: 'not-started',
  startError,
});
