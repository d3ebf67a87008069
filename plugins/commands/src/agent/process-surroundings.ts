/**
 * Looks at the host before anything is started: does the program, the interpreter, the user, the directory exist? A run
 * and a dry run ask the same questions, so what the dry run promises is what the run checks. Changes nothing.
 */
import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { ErrorDetails } from '@pilothouse/contract';

/** What a process gets when neither the request nor the agent's own environment says otherwise. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const LOOKUP_TIMEOUT_MS = 10_000;

export interface HostError {
  readonly code: string;
  readonly details: ErrorDetails;
}

export interface Surroundings {
  readonly user?: string | undefined;
  readonly directory?: string | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

/** The absolute path of a program as execvp would find it, or null. */
export async function findProgram(name: string, surroundings: Surroundings): Promise<string | null> {
  if (name.includes('/')) {
    const path = name.startsWith('/') ? name : join(surroundings.directory ?? '/', name);
    return (await isFile(path)) ? path : null;
  }
  const path = surroundings.environment?.['PATH'] ?? DEFAULT_PATH;
  for (const directory of path.split(':')) {
    const candidate = join(directory === '' ? (surroundings.directory ?? '/') : directory, name);
    if ((await isFile(candidate)) && (await isExecutable(candidate))) return candidate;
  }
  return null;
}

/** The first thing that keeps a process from being started as asked, or null. */
export async function checkSurroundings(
  surroundings: Surroundings,
  isRoot: boolean,
): Promise<HostError | null> {
  const { user, directory } = surroundings;
  if (directory !== undefined && !(await isDirectory(directory))) {
    return { code: 'COMMANDS_DIRECTORY_MISSING', details: { directory } };
  }
  if (user === undefined) return null;
  if ((await lookUpUser(user)) === null) return { code: 'COMMANDS_USER_UNKNOWN', details: { user } };
  if (!isRoot && user !== userInfo().username) return { code: 'COMMANDS_USER_NEEDS_ROOT', details: { user } };
  return null;
}

/** Through `id`, so that users of LDAP and the like are found, too. */
export async function lookUpUser(user: string): Promise<{ uid: number; gid: number } | null> {
  const [uid, gid] = await Promise.all([ask('id', ['-u', '--', user]), ask('id', ['-g', '--', user])]);
  return uid === null || gid === null ? null : { uid: Number(uid), gid: Number(gid) };
}

const ask = (program: string, args: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    execFile(program, args, { timeout: LOOKUP_TIMEOUT_MS, env: { PATH: DEFAULT_PATH } }, (error, stdout) => {
      const text = stdout.trim();
      resolve(error === null && /^\d+$/.test(text) ? text : null);
    });
  });

const isFile = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isFile() ?? false;

const isDirectory = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isDirectory() ?? false;

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
