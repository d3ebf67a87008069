import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface NewFile {
  readonly content: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const MARK = '.pilothouse-';

/** Writes a file beside its place, durable, with owner and mode, not yet seen by anybody. Gives its path. */
export async function writeBeside(path: string, file: NewFile): Promise<string> {
  const beside = join(dirname(path), `.${basename(path)}${MARK}${randomBytes(6).toString('hex')}`);
  // Nobody may read it before it has its owner and mode.
  const handle: FileHandle = await open(beside, 'wx', 0o600);
  try {
    await handle.writeFile(file.content);
    await handle.chown(file.uid, file.gid);
    await handle.chmod(file.mode);
    await handle.sync();
  } catch (cause) {
    await rm(beside, { force: true });
    throw cause;
  } finally {
    await handle.close();
  }
  return beside;
}

/** Puts it into its place in one step, durable on return; what cannot go there is left nowhere. */
export async function moveIntoPlace(beside: string, path: string): Promise<void> {
  try {
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw cause;
  }
  await syncDirectory(dirname(path));
}

export async function replaceFile(path: string, file: NewFile): Promise<void> {
  await moveIntoPlace(await writeBeside(path, file), path);
}

export async function removeFile(path: string): Promise<void> {
  await rm(path);
  await syncDirectory(dirname(path));
}

/** What a crash of the agent left beside a file. */
export async function removeLeftovers(path: string): Promise<void> {
  const start = `.${basename(path)}${MARK}`;
  for (const name of await readdir(dirname(path)))
    if (name.startsWith(start)) await rm(join(dirname(path), name), { force: true });
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
