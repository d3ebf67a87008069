/**
 * The embedded database.
 *
 * Problem: sessions of ten thousand agents and durable commits in one process; SQLite is synchronous and has one writer.
 *
 * Rule: two threads, each with one connection. The writer takes transactions one after another; a commit is answered after
 * the write-ahead log is on disk (`synchronous=FULL`). The reader cannot write, sees what is committed, and never waits for
 * a transaction. How transactions stand in line is told at the head of serial-store.ts.
 *
 * Limits: one slow query delays the queries behind it in its thread.
 */

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@pilothouse/base';
import type { AppError } from '@pilothouse/contract';
import { type Kysely, sql } from 'kysely';
import { kyselyOver } from '../kysely-over.ts';
import { SerialStore, type StoreEngine } from '../serial-store.ts';
import type { RunStatement } from '../statement.ts';
import type { Store, StoreLog, StoreReader } from '../store.ts';
import { type CheckBeside, checkBeside } from './check-beside.ts';
import { sqliteDialect } from './dialect.ts';
import { SqliteThread } from './thread.ts';

/** Reading a file of this size takes about a second; a larger one is read through while it is in use. */
const CHECKED_BYTES_MAX = 512 * 1024 * 1024;

export interface SqliteStoreOptions {
  /** A file, made when absent in a directory that exists; or `:memory:`, which leaves nothing behind. */
  readonly path: string;
  readonly log?: StoreLog;
  readonly clock?: Clock;
  /** A larger file is read through beside its use rather than before; absent: 512 MiB. */
  readonly checkedBytesMax?: number;
  /** A thread of it has ended unasked: everything is refused from now on, and only another process can open it again. */
  readonly died?: () => void;
}

/** AppError STORE_CORRUPT, STORE_UNREADABLE. The caller holds the lock of the data directory. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { log, clock = systemClock } = options;
  const onDeath = (cause: Error): void => {
    log?.error('store thread ended', { cause });
    options.died?.();
  };
  const threads = options.path === ':memory:' ? await openScratch(onDeath) : await openFile(options, onDeath);
  return new SerialStore({ engine: sqliteEngine(threads, log), log, clock });
}

/** A store file opened by somebody who only looks: a running server's, or a copy. AppError STORE_CORRUPT, STORE_UNREADABLE. */
export async function openSqliteReader(options: SqliteStoreOptions): Promise<StoreReader> {
  const { path, log } = options;
  const reader = await SqliteThread.open(
    { path, role: 'reader', isDurable: true, isChecked: false },
    (cause) => log?.error('store thread ended', { cause }),
  );
  const reads = kyselyOver(sqliteDialect, readFrom(reader));
  return {
    // Which tables a reader sees is a matter of types alone; the connection is the same.
    as: <Tables>() => reads as Kysely<Tables>,
    close: () => reader.close(),
  };
}

/** AppError STORE_CORRUPT, STORE_UNREADABLE. */
export async function openSqliteSnapshot(path: string) {
  const reader = await SqliteThread.open(
    { path, role: 'reader', isDurable: true, isChecked: false },
    () => undefined,
  );
  const reads = kyselyOver(sqliteDialect, readFrom(reader));
  // From its first read on the connection sees that moment; the write-ahead log keeps it while others write.
  await sql`BEGIN`.execute(reads);
  await sql`SELECT count(*) FROM sqlite_schema`.execute(reads);
  return {
    engine: 'sqlite',
    // Which tables a reader sees is a matter of types alone; the connection is the same.
    as: <Tables>() => reads as Kysely<Tables>,
    close: () => reader.close(),
  } as const;
}

const readFrom =
  (reader: SqliteThread): RunStatement =>
  (sql, parameters) =>
    reader.request({ kind: 'run', transaction: null, sql, parameters });

interface Threads {
  readonly writer: SqliteThread;
  readonly reader: SqliteThread;
  /** Of a file that is read through while it is in use. */
  readonly check: CheckBeside | null;
}

async function openFile(
  { path, checkedBytesMax = CHECKED_BYTES_MAX }: SqliteStoreOptions,
  onDeath: (cause: Error) => void,
): Promise<Threads> {
  const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const isLarge = sizeBytes > checkedBytesMax;
  const isChecked = sizeBytes > 0 && !isLarge;
  const writer = await SqliteThread.open({ path, role: 'writer', isDurable: true, isChecked }, onDeath);
  const reader = await openReader(path, writer, onDeath);
  return { writer, reader, check: isLarge ? checkBeside(path) : null };
}

/**
 * SQLite's own `:memory:` is one connection, which would make reads wait for transactions as no file does. A file whose
 * name is removed once both connections have it open behaves like any other and is gone with the process.
 */
async function openScratch(onDeath: (cause: Error) => void): Promise<Threads> {
  const directory = mkdtempSync(join(tmpdir(), 'pilothouse-store-'));
  try {
    const path = join(directory, 'scratch.db');
    // One thread for both connections: tests open hundreds of these, and starting a thread is what takes time.
    const both = await SqliteThread.open({ path, role: 'both', isDurable: false, isChecked: false }, onDeath);
    return { writer: both, reader: both, check: null };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function openReader(
  path: string,
  writer: SqliteThread,
  onDeath: (cause: Error) => void,
): Promise<SqliteThread> {
  try {
    return await SqliteThread.open({ path, role: 'reader', isDurable: true, isChecked: false }, onDeath);
  } catch (error) {
    await writer.close();
    throw error;
  }
}

function sqliteEngine({ writer, reader, check }: Threads, log: StoreLog | undefined): StoreEngine {
  let serial = 0;
  let damage: AppError | null = null;
  const listeners: ((refusal: AppError) => void)[] = [];
  void check?.damage.then((found) => {
    if (found === null) return;
    damage = found;
    log?.error('the store file is damaged; nothing is written to it any more', found.details);
    for (const listener of listeners) listener(found);
  });
  return {
    name: 'sqlite',
    dialect: sqliteDialect,
    read: readFrom(reader),
    begin() {
      serial += 1;
      const transaction = serial;
      return {
        run: (sql, parameters) => writer.request({ kind: 'run', transaction, sql, parameters }),
        commit: async () => void (await writer.request({ kind: 'commit', transaction })),
        rollback: async () => void (await writer.request({ kind: 'rollback', transaction })),
      };
    },
    // Otherwise the file is there or its thread has died, which every request says by itself.
    refusal: () => damage,
    onRefusal: (listener) => void listeners.push(listener),
    async close() {
      check?.stop();
      await reader.close();
      await writer.close();
    },
  };
}
