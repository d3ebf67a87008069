/**
 * The directory of a file, held open while the file is looked at and changed.
 *
 * Problem: who owns one of the directories on the way can put a link to /etc in the place of the next one at any moment.
 * Root would then look, write and change owners there.
 *
 * Rule: the directory is opened once, and everything that is done to the file goes through that handle. Where links led
 * to it, each of them must be root's, or belong to whom the directory belongs that they led to.
 *
 * Limits: a program that checks the file is given its name, and finds what lies there then.
 */
import { constants } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '@pilothouse/base';
import type { Trouble } from './look-at-file.ts';

export interface FilePlace {
  /** As people name it. */
  readonly path: string;
  /** The same file by way of the open directory; what is done is done to this one. */
  readonly at: string;
  /** Where the directory really lies; null when there is none, and so no file in it. */
  readonly directory: string | null;
}

const LINKS_MAX = 40;

/** Gives what `use` gives, or the trouble that the way to the file is. */
export async function atItsPlace<T>(
  path: string,
  use: (place: FilePlace) => Promise<T>,
): Promise<T | Trouble> {
  const named = dirname(path);
  const handle = await open(named, constants.O_RDONLY | constants.O_DIRECTORY).catch((cause: unknown) => {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw cause;
  });
  if (handle === null) return use({ path, at: path, directory: null });
  try {
    const through = `/proc/self/fd/${handle.fd}`;
    const directory = await readlink(through);
    if (directory !== named && !(await isTrustedWay(named, { directory, uid: (await handle.stat()).uid })))
      return { code: 'FILES_NOT_REGULAR', details: { path: named, what: 'a link' } };
    return await use({ path, at: join(through, basename(path)), directory });
  } finally {
    await handle.close();
  }
}

/** Whether `named` leads to the directory that was opened, by links that nobody could have put there but who may. */
async function isTrustedWay(
  named: string,
  opened: { readonly directory: string; readonly uid: number },
): Promise<boolean> {
  let pending = partsOf(named);
  let resolved = '/';
  let links = 0;
  while (pending.length > 0) {
    const [part = '', ...rest] = pending;
    pending = rest;
    const next = join(resolved, part);
    const found = await lstat(next).catch(() => null);
    if (found === null) return false;
    if (!found.isSymbolicLink()) {
      resolved = next;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX || (found.uid !== 0 && found.uid !== opened.uid)) return false;
    const target = await readlink(next).catch(() => null);
    if (target === null) return false;
    if (target.startsWith('/')) resolved = '/';
    pending = [...partsOf(target), ...rest];
  }
  return resolved === opened.directory;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');
