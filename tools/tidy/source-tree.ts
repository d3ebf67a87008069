/** Reads the tree as the tidy tests see it: the files git tracks or would track, as text. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every file of the project that matches, deleted ones left out. */
export function filesMatching(pattern: RegExp): SourceFile[] {
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const files: SourceFile[] = [];
  for (const path of new Set(listing.split('\0'))) {
    if (path === '' || !pattern.test(path)) continue;
    const text = readIfThere(join(ROOT, path));
    if (text !== null) files.push({ path, text });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export const sourceFiles = (): SourceFile[] =>
  filesMatching(/^(packages|apps|plugins|lab|tools|bench)\/.*\.tsx?$/);

export const isTest = (path: string): boolean =>
  /\.(test|story)\.tsx?$|\/(test|stories)\/|\/open-test-[a-z-]+\.ts$/.test(path) ||
  path.startsWith('packages/testkit/');

/** The module names a file imports or re-exports, types included, with the line they stand on. */
export function importsOf(file: SourceFile): { specifier: string; line: number }[] {
  const pattern = /(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm;
  return [...file.text.matchAll(pattern)].map((match) => ({
    specifier: match[1] ?? '',
    line: file.text.slice(0, match.index).split('\n').length,
  }));
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'EISDIR'))
      return null;
    throw cause;
  }
}
