import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/** The file that execvp would run, or the error it would give. A relative name with a slash starts at `directory`. */
export async function findProgram(
  name: string,
  options: { readonly path: string; readonly directory: string },
): Promise<{ readonly path: string } | { readonly error: 'ENOENT' | 'EACCES' }> {
  const candidates = name.includes('/')
    ? [isAbsolute(name) ? name : join(options.directory, name)]
    : options.path.split(':').map((directory) => join(directory || options.directory, name));
  let error: 'ENOENT' | 'EACCES' = 'ENOENT';
  for (const path of candidates) {
    const kind = await kindOf(path);
    if (kind === 'program') return { path };
    if (kind === 'other') error = 'EACCES';
  }
  return { error };
}

async function kindOf(path: string): Promise<'program' | 'other' | 'missing'> {
  const found = await stat(path).catch(() => null);
  if (found === null) return 'missing';
  if (!found.isFile()) return 'other';
  return access(path, constants.X_OK).then(
    () => 'program' as const,
    () => 'other' as const,
  );
}
