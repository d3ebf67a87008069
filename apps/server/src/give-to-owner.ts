import { lchownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Keys, the store and its logs lie at most this deep below the data directory. */
const DEPTH_MAX = 3;

/**
 * What root made in a data directory becomes the directory's owner's, as everything in it is: a server under a unit runs as a
 * user of its own and could not open a store that root has just restored, nor the log that root's reading has left beside it.
 *
 * Links are not followed, and a file with a second name is left alone: whoever owns the directory decides what lies in it.
 */
export function giveToOwner(directory: string): void {
  if (process.getuid?.() !== 0) return;
  const owner = lstatSync(directory, { throwIfNoEntry: false });
  if (owner === undefined || !owner.isDirectory() || owner.uid === 0) return;
  giveBelow(directory, owner, 1);
}

/** Does something beside the server, and leaves nothing in its directory that it could not use. */
export async function beside<Result>(directory: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } finally {
    giveToOwner(directory);
  }
}

function giveBelow(
  directory: string,
  owner: { readonly uid: number; readonly gid: number },
  depth: number,
): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isSymbolicLink()) continue;
    if (found.isDirectory() && depth < DEPTH_MAX) giveBelow(path, owner, depth + 1);
    if (found.uid !== 0 || (found.isFile() && found.nlink > 1)) continue;
    lchownSync(path, owner.uid, owner.gid);
  }
}
