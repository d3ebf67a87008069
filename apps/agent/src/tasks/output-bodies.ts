import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeIfPossible } from '../data-directory.ts';
import { isUnwritable } from '../unwritable.ts';

/** Bodies the server may still ask for. The oldest go first beyond this; their tasks keep digest and size. */
const BODIES_BYTES_MAX = 64 * 1024 * 1024;

/** Output bodies by digest, on disk, until they were uploaded or pushed out by newer ones. */
export interface OutputBodies {
  put(digest: string, json: string): void;
  get(digest: string): Buffer | null;
  remove(digest: string): void;
  /** Removes it when it is no larger than this. */
  removeSmall(digest: string, sizeBytesMax: number): void;
}

export function createOutputBodies(directory: string): OutputBodies {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const at = (digest: string): string => join(directory, `${digest}.json`);
  return {
    put(digest, json) {
      try {
        writeFileSync(at(digest), json, { mode: 0o600 });
      } catch (cause) {
        // The outcome still says digest and size; the body is then lost, and said to be.
        if (!isUnwritable(cause)) throw cause;
        removeIfPossible(at(digest));
      }
      dropOldest(directory);
    },
    get(digest) {
      try {
        return readFileSync(at(digest));
      } catch {
        return null;
      }
    },
    remove: (digest) => removeIfPossible(at(digest)),
    removeSmall(digest, sizeBytesMax) {
      const found = statSync(at(digest), { throwIfNoEntry: false });
      if (found !== undefined && found.size <= sizeBytesMax) removeIfPossible(at(digest));
    },
  };
}

function dropOldest(directory: string): void {
  const files = readdirSync(directory)
    .map((name) => ({ path: join(directory, name), stat: statSync(join(directory, name)) }))
    .sort((a, b) => b.stat.mtimeMs - a.stat.mtimeMs);
  let size = 0;
  for (const { path, stat } of files) {
    size += stat.size;
    if (size > BODIES_BYTES_MAX) removeIfPossible(path);
  }
}
