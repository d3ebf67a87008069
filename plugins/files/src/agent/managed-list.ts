/** The host's own list of managed files: one JSON file, replaced whole, so that a crash leaves the old or the new one. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '@pilothouse/base';
import { z } from 'zod';
import { MANAGED_FILES_MAX, MANAGED_LIST } from '../contract/facts.ts';
import { ManagedFile } from '../domain/file-state.ts';
import { replaceFile } from './replace-file.ts';

const List = z.object({ files: z.record(z.string().max(4096), ManagedFile) });
export type ManagedFiles = Readonly<Record<string, ManagedFile>>;

/** Null: it is damaged, and must not be taken for empty. */
export function parseManagedList(text: string): ManagedFiles | null {
  try {
    const parsed = List.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.files : null;
  } catch {
    // Not JSON: damaged as well.
    return null;
  }
}

export async function readManagedList(path = MANAGED_LIST): Promise<ManagedFiles | null> {
  try {
    return parseManagedList(await readFile(path, 'utf8'));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return {};
    throw cause;
  }
}

export const isFull = (files: ManagedFiles, path: string): boolean =>
  Object.keys(files).length >= MANAGED_FILES_MAX && !Object.hasOwn(files, path);

/** `entry` null: the file is managed no more. */
export async function writeManagedEntry(
  files: ManagedFiles,
  path: string,
  entry: ManagedFile | null,
  list = MANAGED_LIST,
): Promise<void> {
  const { [path]: _before, ...others } = files;
  const next = entry === null ? others : { ...others, [path]: entry };
  await mkdir(dirname(list), { recursive: true, mode: 0o755 });
  const content = Buffer.from(`${JSON.stringify({ files: next })}\n`);
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  await replaceFile(list, { content, mode: 0o600, uid, gid });
}
