import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@pilothouse/base';
import { type DoctorFinding, ok, problem, warning } from './finding.ts';

const GIB = 1024 ** 3;
/** A day of events, facts and results of a large fleet. */
const FREE_GIB_WARNING = 2;
const FREE_GIB_PROBLEM = 0.2;

/** The directory that everything of an installation lies in, and whether its keys are its owner's alone. */
export async function checkDataDirectory(path: string): Promise<DoctorFinding[]> {
  const isThere = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isThere) return [warning('dataDirectoryMissing', { path })];
  return [await checkWritable(path), ...(await checkKeys(join(path, 'keys')))];
}

async function checkWritable(path: string): Promise<DoctorFinding> {
  try {
    await access(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    return problem('dataDirectoryUnwritable', { path, reason: errorCode(cause) ?? 'unknown' });
  }
  const { bavail, bsize } = await statfs(path);
  const freeGib = Math.round(((bavail * bsize) / GIB) * 10) / 10;
  if (freeGib < FREE_GIB_PROBLEM) return problem('diskLow', { path, freeGib });
  if (freeGib < FREE_GIB_WARNING) return warning('diskLow', { path, freeGib });
  return ok('dataDirectory', { path, freeGib });
}

async function checkKeys(directory: string): Promise<DoctorFinding[]> {
  const names = await readdir(directory).catch(() => null);
  if (names === null) return [];
  const open: DoctorFinding[] = [];
  for (const path of [directory, ...names.map((name) => join(directory, name))]) {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) open.push(problem('keysOpen', { path, mode: (mode & 0o777).toString(8) }));
  }
  return open.length > 0 ? open : [ok('keys')];
}
