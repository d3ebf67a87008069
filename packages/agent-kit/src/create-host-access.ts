import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, statfs } from 'node:fs/promises';
import { errorCode } from '@pilothouse/base';
import type { Message } from '@pilothouse/contract';
import type { HostAccess } from './host-access.ts';
import { pathUnderRoot } from './path-under-root.ts';
import { runProgram } from './run-program.ts';

const READ_BYTES_MAX_DEFAULT = 8 * 1024 * 1024;
/** Most files that are read here are the kernel's and of a few lines. */
const FIRST_BYTES = 4 * 1024;
const CHUNK_BYTES_MAX = 256 * 1024;

export interface HostAccessOptions {
  /** Where the host's root directory is. Anything but `/` is a tree of files: programs are then not run but absent. */
  readonly root?: string;
  /** Whether to claim root's rights; by default whether this process has them. */
  readonly isRoot?: boolean;
  /** Ends running programs when it aborts. */
  readonly signal?: AbortSignal;
  /** Answers for programs in a fixture tree. */
  readonly run?: HostAccess['run'];
}

/** A host as collectors see it: read-only, bounded, under a root. */
export function createHostAccess(options: HostAccessOptions = {}): HostAccess {
  const { root = '/', signal } = options;
  const isRoot = options.isRoot ?? process.getuid?.() === 0;
  return {
    isRoot,
    readText: (path, bytesMax = READ_BYTES_MAX_DEFAULT) =>
      unlessUnreadable({ en: `read ${path}`, zh: `读取 ${path}` }, async () =>
        readBounded(await pathUnderRoot(root, path), bytesMax),
      ),
    list: (path) =>
      unlessUnreadable({ en: `list ${path}`, zh: `列出 ${path}` }, async () => {
        const names = await readdir(await pathUnderRoot(root, path));
        return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    readLink: (path) =>
      unlessUnreadable({ en: `read link ${path}`, zh: `读取链接 ${path}` }, async () =>
        readlink(await pathUnderRoot(root, path, false)),
      ),
    async exists(path) {
      const found = await unlessUnreadable({ en: `look at ${path}`, zh: `查看 ${path}` }, async () =>
        lstat(await pathUnderRoot(root, path)),
      );
      return found !== null;
    },
    async statFileSystem(path) {
      const stat = await statfs(await pathUnderRoot(root, path)).catch(() => null);
      if (stat === null) return null;
      return {
        totalBytes: stat.blocks * stat.bsize,
        freeBytes: stat.bavail * stat.bsize,
        inodes: stat.files,
        inodesFree: stat.ffree,
      };
    },
    async run(program, args, runOptions = {}) {
      if (options.run !== undefined) return options.run(program, args, runOptions);
      if (root !== '/') return null;
      return runProgram(program, args, { ...runOptions, ...(signal === undefined ? {} : { signal }) });
    },
  };
}

/** Files of /proc say size 0, so the end of a file is where reading ends. */
async function readBounded(path: string, bytesMax: number): Promise<string> {
  // Without waiting: a user can put a pipe in the place of a file that is theirs, and nobody need ever write into it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const pieces: Buffer[] = [];
    let room = bytesMax;
    for (let chunk = FIRST_BYTES; room > 0; chunk = Math.min(2 * chunk, CHUNK_BYTES_MAX)) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(chunk, room)));
      if (bytesRead === 0) break;
      pieces.push(buffer.subarray(0, bytesRead));
      room -= bytesRead;
    }
    return Buffer.concat(pieces).toString('utf8');
  } finally {
    await file.close();
  }
}

const UNREADABLE = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'ESRCH',
  'EINVAL',
  'ENXIO',
  'ENODEV',
  'EAGAIN',
]);

/** Null for what is not there, not readable, gone in the meantime or of another kind; a failing disk is an error that says what was being done. */
async function unlessUnreadable<T>(doing: Message, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (cause) {
    const code = errorCode(cause) ?? '';
    if (UNREADABLE.has(code)) return null;
    throw Object.assign(new Error(doing.en, { cause }), { code, doing });
  }
}
