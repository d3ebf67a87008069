/**
 * One server at a time on a data directory.
 *
 * Problem: a second server on the same files would answer from stale memory and undo the first one's work. A pid file alone
 * lies after kill -9, and pids come back.
 *
 * Rule: the owner keeps an exclusive SQLite lock (an fcntl lock of the kernel) on `server.lock` for as long as it lives; the
 * kernel drops it with the process, however that ends. `server.pid` beside it only tells people whom to ask.
 *
 * Limits: holds on local file systems; on network file systems it is as good as their fcntl locks.
 */

import { accessSync, constants, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@pilothouse/contract';

const SQLITE_BUSY = 5;
/** The store, the certificate authority's keys and the audit trail live here: nobody else reads it. */
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/** A handle that nobody refers to any more is closed by the garbage collector, and its lock would be gone with it. */
const locks = new Set<DatabaseSync>();

export interface DataDirectoryLock {
  readonly path: string;
  release(): void;
}

/**
 * Makes the directory when it is absent. AppError DATA_DIRECTORY_IN_USE {path, pid} while another process, or this one,
 * holds it; DATA_DIRECTORY_UNWRITABLE {path, reason}.
 */
export function lockDataDirectory(path: string): DataDirectoryLock {
  const pidPath = join(path, 'server.pid');
  let database: DatabaseSync | undefined;
  try {
    makeDirectory(path);
    // SQLite would only say that it cannot open the file.
    accessSync(path, constants.W_OK | constants.X_OK);
    database = new DatabaseSync(join(path, 'server.lock'), { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    writeFileSync(pidPath, `${process.pid}\n`, { mode: FILE_MODE });
  } catch (error) {
    database?.close();
    throw refusal(path, pidPath, error);
  }
  const held = database;
  locks.add(held);
  return {
    path,
    release() {
      if (!locks.delete(held)) return;
      rmSync(pidPath, { force: true });
      held.close();
    },
  };
}

/** Node's own recursive mkdir never returns where the kernel answers ENOENT under an existing directory, as in /proc. */
function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (statSync(dirname(path), { throwIfNoEntry: false }) === undefined) makeDirectory(dirname(path));
  mkdirSync(path, { mode: DIRECTORY_MODE });
}

function refusal(path: string, pidPath: string, cause: unknown): AppError {
  const isBusy =
    cause instanceof Error &&
    'errcode' in cause &&
    typeof cause.errcode === 'number' &&
    (cause.errcode & 0xff) === SQLITE_BUSY;
  if (isBusy) return new AppError('DATA_DIRECTORY_IN_USE', { path, pid: readPid(pidPath) }, { cause });
  return new AppError('DATA_DIRECTORY_UNWRITABLE', { path, reason: reasonOf(cause) }, { cause });
}

/** The owner's pid, or `?` in the instant between its lock and its pid file. */
function readPid(pidPath: string): string {
  try {
    return readFileSync(pidPath, 'utf8').trim();
  } catch {
    // The directory is in use whether or not its owner can be named.
    return '?';
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && cause.code !== 'ERR_SQLITE_ERROR' ? String(cause.code) : cause.message;
}
