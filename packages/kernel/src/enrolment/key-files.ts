/**
 * Private keys on disk: one 0600 file each in a 0700 directory, named by its key id. Which key is used for what stands in
 * the database; a key file without a row is dead, a row without its file stops the server at start.
 */
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';

export interface KeyFiles {
  /** AppError ENROL_KEY_MISSING when the file is gone. */
  read(name: string): Promise<string>;
  /** Null when there is none. */
  find(name: string): Promise<string | null>;
  /** Durable on return. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}

export async function openKeyFiles(directory: string): Promise<KeyFiles> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const pathOf = (name: string): string => join(directory, name);

  const find = async (name: string): Promise<string | null> => {
    try {
      return await readFile(pathOf(name), 'utf8');
    } catch (cause) {
      if (errorCode(cause) === 'ENOENT') return null;
      throw cause;
    }
  };

  return {
    find,
    async read(name) {
      const text = await find(name);
      if (text === null) throw new AppError('ENROL_KEY_MISSING', { path: pathOf(name) });
      return text;
    },
    async write(name, text) {
      const temporary = pathOf(`${name}.new`);
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.chmod(0o600);
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, pathOf(name));
      await syncDirectory(directory);
    },
    async remove(name) {
      await rm(pathOf(name), { force: true });
    },
  };
}

/** Without this a power cut may undo the rename although the file's bytes are safe. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
