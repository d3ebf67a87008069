import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '@pilothouse/contract';
import type { CopyFile } from '@pilothouse/store';

const KEYS = 'keys';
/** The server makes them anew by itself, and does so while it runs: no two backups would agree on them. */
const PASSING = new Set(['session-tickets.json', 'server.pem', 'server-certificate.pem']);
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/** The private keys of an installation: without them no agent would believe the restored server. */
export function readKeyFiles(data: string): { path: string; base64: string }[] {
  const directory = join(data, KEYS);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => !PASSING.has(name) && !name.endsWith('.new'))
    .filter((name) => lstatSync(join(directory, name)).isFile())
    .map((name) => ({
      path: `${KEYS}/${name}`,
      base64: readFileSync(join(directory, name)).toString('base64'),
    }));
}

/**
 * Puts them back. Those that are there and the same stay; when one differs, all that are there are put aside if that was
 * allowed. AppError STORE_NOT_EMPTY otherwise, before anything is written.
 */
export function writeKeyFiles(data: string, files: readonly CopyFile[], isReplacing: boolean): void {
  const known = new Map(readKeyFiles(data).map(({ path, base64 }) => [path, base64]));
  const differing = files.filter(({ path, base64 }) => known.has(path) && known.get(path) !== base64);
  const [first] = differing;
  if (first !== undefined) {
    if (!isReplacing) throw new AppError('STORE_NOT_EMPTY', { what: join(data, first.path) });
    renameSync(join(data, KEYS), join(data, `${KEYS}.before-${Date.now()}`));
  }
  mkdirSync(join(data, KEYS), { recursive: true, mode: DIRECTORY_MODE });
  for (const { path, base64 } of files) {
    // Only what a backup of ours holds: names without a way out of the directory.
    if (dirname(path) !== KEYS)
      throw new AppError('STORE_COPY_DAMAGED', {
        path,
        problem: { en: 'it is no key file', zh: '不是密钥文件' },
      });
    writeFileSync(join(data, KEYS, basename(path)), Buffer.from(base64, 'base64'), {
      mode: FILE_MODE,
      flush: true,
    });
  }
}
