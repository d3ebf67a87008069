import { constants } from 'node:fs';
import { access, lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@pilothouse/base';
import type { DataDirectory } from '../data-directory.ts';
import { DISK_FREE_BYTES_MIN } from '../tasks/task-runner.ts';
import { type DoctorFinding, ok, problem, warning } from './finding.ts';

const MIB = 1024 ** 2;
/** The undo store alone may grow to this. */
const FREE_BYTES_WARNING = 256 * MIB;
const OPEN_TO_OTHERS = 0o077;
/** Directories below the agent's: bodies, tasks, undo logs. Nothing of ours lies deeper. */
const DEPTH_MAX = 4;

/** Whose the directory is, who can read it, and whether there is room in it. `uid`: of whoever runs the doctor. */
export async function checkDataDirectory(data: DataDirectory, uid: number): Promise<DoctorFinding[]> {
  const { path } = data;
  const found = await lstat(path).catch(() => null);
  if (found === null || !found.isDirectory()) return [problem('directoryMissing', { path })];
  if (found.uid !== uid) return [problem('directoryForeign', { path, owner: found.uid, uid })];
  return [
    await checkRoom(path),
    ...(await checkModes(data)),
    ok('diskUse', { path, mib: toMib(await bytesIn(path, DEPTH_MAX)) }),
  ];
}

async function checkRoom(path: string): Promise<DoctorFinding> {
  try {
    await access(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    return problem('directoryUnwritable', { path, reason: errorCode(cause) ?? String(cause) });
  }
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  const details = { path, mib: toMib(freeBytes) };
  if (freeBytes < DISK_FREE_BYTES_MIN) return problem('diskFull', details);
  return freeBytes < FREE_BYTES_WARNING ? warning('diskLow', details) : ok('directory', details);
}

/** The directory keeps everything in it to its owner; the key is looked at once more, since it may have been copied here. */
async function checkModes({ path, identity }: DataDirectory): Promise<DoctorFinding[]> {
  const open: DoctorFinding[] = [];
  for (const each of [path, identity]) {
    const mode = (await lstat(each).catch(() => null))?.mode ?? 0;
    if ((mode & OPEN_TO_OTHERS) !== 0)
      open.push(problem('directoryOpen', { path: each, mode: (mode & 0o777).toString(8) }));
  }
  return open;
}

async function bytesIn(path: string, depth: number): Promise<number> {
  let bytes = 0;
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const each = join(path, entry.name);
    if (entry.isDirectory()) bytes += depth > 0 ? await bytesIn(each, depth - 1) : 0;
    // A file may go while it is counted.
    else bytes += (await lstat(each).catch(() => null))?.size ?? 0;
  }
  return bytes;
}

export const toMib = (bytes: number): number => Math.round((10 * bytes) / MIB) / 10;
