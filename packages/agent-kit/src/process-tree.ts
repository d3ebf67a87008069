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
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { errorCode } from '@pilothouse/base';

export const TASK_VARIABLE = 'PILOTHOUSE_TASK_ID';
const POLL_MS = 50;
/** After SIGKILL only processes in uninterruptible sleep remain; waiting longer for a dead disk helps nobody. */
const KILL_WAIT_MS = 2_000;

export interface ProcessTree {
  /** Null: only the group and the scope are meant, not what left them. */
  readonly taskId: string | null;
  /** Process id of the group's leader; null when it is not known any more. */
  readonly group: number | null;
  /** Name of the transient systemd scope, or null. */
  readonly scope: string | null;
}

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
  const names = await readdir('/proc').catch(() => []);
  const found: number[] = [];
  for (const name of names) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    if (await isMember(pid, tree.group, mark)) found.push(pid);
  }
  return found;
}

async function isMember(pid: number, group: number | null, mark: Buffer | null): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // proc(5): after the name in parentheses, which may itself hold some, come state, parent and process group.
  const [state, , groupText] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === undefined || state === '' || state === 'Z' || state === 'X') return false;
  if (group !== null && Number(groupText) === group) return true;
  if (mark === null) return false;
  const environment = await readFile(`/proc/${pid}/environ`).catch(() => null);
  return environment?.includes(mark) ?? false;
}

const isScopeActive = async (scope: string): Promise<boolean> =>
  (await systemctl(['is-active', '--quiet', scope])) === 0;

const systemctl = (args: readonly string[]): Promise<number> =>
  new Promise((resolve) => {
    execFile('systemctl', args, { timeout: 10_000 }, (error) => resolve(error === null ? 0 : 1));
  });
