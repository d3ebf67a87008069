/**
 * Backup, restore and move: three uses of one copy (copy-lines.ts says what it is). A backup may be taken beside a running
 * server; what is written to must be nobody else's, which the store's own lock sees to.
 */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, isAppError } from '@pilothouse/contract';
import { openStore, type StoreLocation } from '../open-store.ts';
import type { MigrationSet, Store, Transaction } from '../store.ts';
import { readMeta } from '../store-meta.ts';
import { readCopyFile, writeCopyFile } from './copy-file.ts';
import type { CopyFile, CopyHead, CopySummary } from './copy-lines.ts';
import { readCopy } from './read-copy.ts';
import { openSnapshot } from './snapshot.ts';
import { type CopyCounts, writeCopy } from './write-copy.ts';

export interface CopyContext {
  /** The version of this program, for people. */
  readonly program: string;
  readonly now: () => string;
}

/** Writes a copy of a store, also of one that a server is using. AppError of the store; what the system says of the path. */
export async function backUpStore(
  { program, now }: CopyContext,
  wish: {
    readonly from: StoreLocation;
    readonly path: string;
    readonly files: readonly Omit<CopyFile, 'kind'>[];
  },
): Promise<CopyCounts> {
  const source = await openSnapshot(wish.from);
  try {
    return await writeCopyFile(wish.path, writeCopy({ source, program, takenAt: now(), files: wish.files }));
  } finally {
    await source.close();
  }
}

export interface FillOptions {
  readonly to: StoreLocation;
  readonly sets: readonly MigrationSet[];
  /** May a store that a server has used be replaced? It is gone afterwards, or on SQLite put aside. */
  readonly isReplacing: boolean;
}

/**
 * Puts a backup in a store's place, which begins a new epoch of it. `takeFiles` gets the files that belong to it before anything
 * is kept; what it throws leaves the store as it was.
 */
export async function restoreStore(
  { now }: CopyContext,
  wish: FillOptions & { readonly path: string },
  takeFiles: (files: readonly CopyFile[]) => void,
): Promise<CopySummary> {
  const epochBefore = Number((await metaOf(wish.to))?.epoch ?? 0);
  return fill(wish, now(), (target) =>
    readCopy({
      target,
      lines: readCopyFile(wish.path),
      path: wish.path,
      sets: wish.sets,
      mayReplace: mayReplace(wish.isReplacing),
      // Above whatever the store has lived through, also when that was more than the backup knows.
      epochOf: (head) => Math.max(head.epoch, epochBefore) + 1,
      restoredOf: (head) => head.takenAt,
      takeFiles,
    }),
  );
}

/** Copies a store that nobody uses into another; it may be repeated until a server has used the new one. */
export async function moveStore(
  { program, now }: CopyContext,
  wish: FillOptions & { readonly from: StoreLocation },
): Promise<CopySummary> {
  const source = await openSnapshot(wish.from);
  try {
    return await fill(wish, now(), (target) =>
      readCopy({
        target,
        lines: writeCopy({ source, program, takenAt: now(), files: [] }),
        path: 'between the stores',
        sets: wish.sets,
        mayReplace: mayReplace(wish.isReplacing),
        epochOf: (head) => head.epoch,
        restoredOf: () => null,
        takeFiles: () => undefined,
      }),
    );
  } finally {
    await source.close();
  }
}

const mayReplace =
  (isReplacing: boolean) =>
  async (head: CopyHead, target: Pick<Transaction, 'as'>): Promise<boolean> => {
    if (isReplacing) return true;
    const { id, owner } = await readMeta(target);
    return id === head.id && owner === undefined;
  };

/**
 * On PostgreSQL in one transaction; a file is made beside and then takes the name, the one of before being put aside. Whenever
 * it ends, a store has the name: a server that found none would begin an empty one.
 */
async function fill<Result>(
  { to, isReplacing }: FillOptions,
  now: string,
  run: (target: Store) => Promise<Result>,
): Promise<Result> {
  if (to.kind === 'postgres') return withStore(to, run);
  const isThere = existsSync(to.path);
  if (isThere && !isReplacing && !isUnused(await metaOf(to)))
    throw new AppError('STORE_NOT_EMPTY', { what: to.path });
  const part = `${to.path}.part`;
  removeFiles(part);
  try {
    const result = await withStore({ kind: 'sqlite', path: part }, run);
    if (isThere) await putAside(to.path, `${to.path}.before-${now.replaceAll(':', '')}`);
    renameSync(part, to.path);
    syncDirectory(dirname(to.path));
    return result;
  } catch (error) {
    removeFiles(part);
    throw error;
  }
}

/** A copy that no server has opened since it was made. */
const isUnused = (meta: Awaited<ReturnType<typeof readMeta>> | null): boolean =>
  meta?.id !== undefined && meta.owner === undefined;

/** A file's write-ahead log and what SQLite keeps beside it. */
const LOG_ENDS = ['-wal', '-shm'] as const;

const removeFiles = (path: string): void => {
  for (const end of ['', ...LOG_ENDS]) rmSync(`${path}${end}`, { force: true });
};

/** Gives the file a second name; the first is left to whatever takes its place. A log that stayed would be read into that. */
async function putAside(path: string, aside: string): Promise<void> {
  try {
    // The last to close a file folds its write-ahead log into it.
    await withStore({ kind: 'sqlite', path }, async () => undefined);
  } catch (error) {
    if (!isDamage(error)) throw error;
    for (const end of LOG_ENDS)
      if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${aside}${end}`);
  }
  linkSync(path, aside);
}

const isDamage = (error: unknown): boolean => isAppError(error) && error.code === 'STORE_CORRUPT';

async function withStore<Result>(
  location: StoreLocation,
  run: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(location);
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}

/** What the store says of itself; null when there is none. One of an earlier version says nothing, nor does a damaged one. */
async function metaOf(location: StoreLocation): Promise<Awaited<ReturnType<typeof readMeta>> | null> {
  if (location.kind === 'sqlite' && !existsSync(location.path)) return null;
  try {
    const snapshot = await openSnapshot(location);
    try {
      return await readMeta(snapshot);
    } finally {
      await snapshot.close();
    }
  } catch (error) {
    if (isDamage(error)) return {};
    throw error;
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
