import { constants } from 'node:fs';
import { access, open, readdir, readlink, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostAccess } from './host-access.ts';
import { runProgram } from './run-program.ts';

const TEXT_BYTES_MAX_DEFAULT = 8 * 1024 * 1024;

/** The real host, or a scratch tree under `root` (then programs still run on the machine itself). */
export function createHostAccess(options: { readonly root?: string } = {}): HostAccess {
  const at = (path: string): string => (options.root === undefined ? path : join(options.root, path));
  return {
    isRoot: process.geteuid?.() === 0,
    readText: (path, bytesMax = TEXT_BYTES_MAX_DEFAULT) => unlessAbsent(() => readStart(at(path), bytesMax)),
    list: (path) => unlessAbsent(async () => (await readdir(at(path))).sort(byBytes)),
    readLink: (path) => unlessAbsent(() => readlink(at(path))),
    exists: async (path) =>
      (await unlessAbsent(() => access(at(path), constants.F_OK).then(() => true))) === true,
    statFileSystem: (path) =>
      unlessAbsent(async () => {
        const found = await statfs(at(path));
        return {
          totalBytes: found.blocks * found.bsize,
          freeBytes: found.bavail * found.bsize,
          inodes: found.files,
          inodesFree: found.ffree,
        };
      }),
    run: (program, args, runOptions) => runProgram(program, args, runOptions),
  };
}

/** Reads at most `bytesMax`; files under /proc say size 0, so the size is never asked. */
async function readStart(path: string, bytesMax: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const pieces: Buffer[] = [];
    let size = 0;
    while (size < bytesMax) {
      const piece = Buffer.alloc(Math.min(64 * 1024, bytesMax - size));
      const { bytesRead } = await file.read(piece, 0, piece.length, null);
      if (bytesRead === 0) break;
      pieces.push(piece.subarray(0, bytesRead));
      size += bytesRead;
    }
    return Buffer.concat(pieces).toString('utf8');
  } finally {
    await file.close();
  }
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What is not there, not readable or gone in the meantime is null; a failing disk is an error. */
async function unlessAbsent<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null;
    const isAbsent = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ESRCH', 'EINVAL', 'EISDIR', 'ENXIO'].some(
      (known) => known === code,
    );
    if (isAbsent) return null;
    throw cause;
  }
}
