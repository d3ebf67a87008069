import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHostAccess, type HostAccess } from '@pilothouse/agent-kit';

export const FIXTURES = join(import.meta.dirname, '../fixtures');

/**
 * A host made of recorded text: files under `root/`, and the output of a command in `program-firstArgument.txt`. A program
 * without such a file is not installed on it.
 */
export function fixtureHost(directory: string, options: { readonly isRoot?: boolean } = {}): HostAccess {
  const files = createHostAccess({ root: join(directory, 'root') });
  return {
    ...files,
    isRoot: options.isRoot ?? true,
    statFileSystem: async () => ({ totalBytes: 1000, freeBytes: 60, inodes: 100, inodesFree: 100 }),
    async run(program, args) {
      const stdout = await readFile(join(directory, fileOf(program, args)), 'utf8').catch(() => null);
      if (stdout === null) return null;
      return { exitCode: 0, signal: null, stdout, stderr: '', isTimedOut: false, isCut: false };
    },
  };
}

function fileOf(program: string, args: readonly string[]): string {
  const subject = args.includes('*.service') ? '-units' : args.includes('*.timer') ? '-timers' : '';
  const first = args[0] === undefined ? '' : `-${args[0].replace(/^-+/, '')}`;
  return `${program}${first}${subject}.txt`;
}
