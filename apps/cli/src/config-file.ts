/**
 * What this computer knows of servers: address, token, authority. The file holds tokens, so it is written whole, mode 0600,
 * and moved into place; a reader never sees half of it.
 */
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '@pilothouse/contract';
import { z } from 'zod';

export const KnownServer = z.object({
  token: z.string().nullable(),
  user: z.string().nullable(),
  /** PEM of the certificate authority that the login pinned; null: the system's own trust. */
  authority: z.string().nullable(),
});
export type KnownServer = z.infer<typeof KnownServer>;

export const CliConfig = z.object({
  version: z.literal(1),
  /** The server of the last login; used unless --server or PILOTHOUSE_SERVER names another. */
  current: z.string().nullable(),
  servers: z.record(z.string(), KnownServer),
});
export type CliConfig = z.infer<typeof CliConfig>;

const EMPTY: CliConfig = { version: 1, current: null, servers: {} };

/** PILOTHOUSE_CONFIG_HOME, else XDG_CONFIG_HOME/pilothouse, else ~/.config/pilothouse. */
export function configDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const own = environment['PILOTHOUSE_CONFIG_HOME'];
  if (own !== undefined && own !== '') return own;
  const shared = environment['XDG_CONFIG_HOME'];
  if (shared?.startsWith('/') === true) return join(shared, 'pilothouse');
  return join(environment['HOME'] ?? '/', '.config', 'pilothouse');
}

const configPath = (directory: string): string => join(directory, 'cli.json');

export async function readConfig(directory: string): Promise<CliConfig> {
  const path = configPath(directory);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new AppError('CLI_CONFIG_UNREADABLE', { path, reason: error.code ?? 'unknown' }, { cause: error });
  });
  if (text === null) return EMPTY;
  try {
    return CliConfig.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError(
      'CLI_CONFIG_UNREADABLE',
      { path, reason: { en: 'its content is not valid', zh: '内容无效' } },
      { cause },
    );
  }
}

export const writeConfig = (directory: string, config: CliConfig): Promise<void> =>
  writePrivate(configPath(directory), `${JSON.stringify(config, null, 2)}\n`);

/** Writes a file that only its owner can read, all of it or nothing. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    // A left-over temporary file keeps the mode that it had.
    await chmod(temporary, 0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
