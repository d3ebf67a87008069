/**
 * How everything that a task started is ended.
 *
 * Problem: a task's program starts others, some of them in sessions and groups of their own; the time limit, a cancel and
 * the task's own end must leave none of them behind.
 *
 * Rule: a tree is known by three marks: the process group of its first process, a variable in the environment of
 * everything below it, and, where systemd runs the host, a scope (cgroup) of its own. SIGTERM goes to all three, SIGKILL
 * to whatever is left after the grace. Two marks would miss a daemon that left the group, or one that emptied its environment.
 *
 * Limits: without systemd a process that leaves the group *and* empties its environment escapes. Processes of other users
 * are seen only by root. What systemd or another daemon was asked to start is not the task's.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { errorCode } from '@pilothouse/base';

export const TASK_VARIABLE = 'PILOTHOUSE_TASK_ID';
const POLL_MS = 50;
/** What the kernel counts in towards user space, on every architecture. */
const TICKS_PER_SECOND = 100;
/** A task begins a moment before its first process; clocks round. */
const SLACK_TICKS = TICKS_PER_SECOND;
/** After SIGKILL only processes in uninterruptible sleep remain; waiting longer for a dead disk helps nobody. */
const KILL_WAIT_MS = 2_000;

export interface ProcessTree {
  /** Null: only the group and the scope are meant, not what left them. */
  readonly taskId: string | null;
  /** Process id of the group's leader; null when it is not known any more. */
  readonly group: number | null;
  /** Name of the transient systemd scope, or null. */
  readonly scope: string | null;
  /** When its task began, as `ticksSinceBoot` said: what has run for longer is not looked into. Absent: not known. */
  readonly sinceTicks?: number;
}

/** The kernel's own count, as processes' times of start are in. */
export const ticksSinceBoot = (): number =>
  Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * TICKS_PER_SECOND);

/** Resolves when nothing of the tree is left, or cannot be ended. */
export async function endProcessTree(tree: ProcessTree, graceMs: number): Promise<void> {
  if (!(await isAlive(tree))) return;
  await signalTree(tree, 'SIGTERM');
  if (await isGoneWithin(tree, graceMs)) return;
  await signalTree(tree, 'SIGKILL');
  await isGoneWithin(tree, KILL_WAIT_MS);
}

/** Whether anything of it still runs. What has ended and only waits to be collected by its parent does not count. */
export async function isAlive(tree: ProcessTree): Promise<boolean> {
  if (tree.scope !== null && (await isScopeActive(tree.scope))) return true;
  return (await membersOf(tree)).length > 0;
}

async function isGoneWithin(tree: ProcessTree, timeMs: number): Promise<boolean> {
  const until = performance.now() + timeMs;
  while (await isAlive(tree)) {
    if (performance.now() >= until) return false;
    await wait(POLL_MS);
  }
  return true;
}

async function signalTree(tree: ProcessTree, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (tree.group !== null) signalOne(-tree.group, signal);
  for (const pid of await membersOf(tree)) signalOne(pid, signal);
  if (tree.scope !== null) await systemctl(['kill', `--signal=${signal}`, tree.scope]);
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    // ESRCH: it is gone; EPERM: its user is another one, which only an agent without root meets.
    const code = errorCode(cause);
    if (code !== 'ESRCH' && code !== 'EPERM') throw cause;
  }
}

async function membersOf(tree: ProcessTree): Promise<number[]> {
  const mark = tree.taskId === null ? null : Buffer.from(`${TASK_VARIABLE}=${tree.taskId}\0`);
  const oldest = (tree.sinceTicks ?? 0) - SLACK_TICKS;
  const found: number[] = [];
  for (const { pid, group, startTicks } of runningProcesses()) {
    if (tree.group !== null && group === tree.group) found.push(pid);
    else if (mark !== null && startTicks >= oldest && (await hasMark(pid, mark))) found.push(pid);
  }
  return found;
}

interface RunningProcess {
  readonly pid: number;
  readonly group: number;
  readonly startTicks: number;
}

/**
 * All but this one, kernel threads and the dead. Read in one go: the kernel makes these lines from memory without waiting for
 * anybody, twenty microseconds each, where a turn through the runtime's threads costs twenty times as much.
 */
function* runningProcesses(): Generator<RunningProcess> {
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const line = lineOf(pid);
    // proc(5): after the name in parentheses, which may itself hold some, come state, parent, group, …, flags and time of start.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    const [state = ''] = fields;
    const isKernelThread = (Number(fields[6]) & KERNEL_THREAD) !== 0;
    if (state === '' || state === 'Z' || state === 'X' || isKernelThread) continue;
    yield { pid, group: Number(fields[2]), startTicks: Number(fields[19]) };
  }
}

/** PF_KTHREAD among the flags of a task. */
const KERNEL_THREAD = 0x0020_0000;

function lineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended since.
    return '';
  }
}

/** Not in one go: the kernel waits for whoever is changing the memory of that process. */
async function hasMark(pid: number, mark: Buffer): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`).catch(() => null);
  return environment?.includes(mark) ?? false;
}

const isScopeActive = async (scope: string): Promise<boolean> =>
  (await systemctl(['is-active', '--quiet', scope])) === 0;

const systemctl = (args: readonly string[]): Promise<number> =>
  new Promise((resolve) => {
    execFile('systemctl', args, { timeout: 10_000 }, (error) => resolve(error === null ? 0 : 1));
  });
