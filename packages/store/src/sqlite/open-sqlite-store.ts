/**
 * The embedded database.
 *
 * Problem: sessions of ten thousand agents and durable commits in one process; SQLite is synchronous and has one writer.
 *
 * Rule: two threads, each with one connection. The writer takes transactions one after another; a commit is answered after
 * the write-ahead log is on disk (`synchronous=FULL`). The reader cannot write, sees what is committed, and never waits for
 * a transaction. A statement that fails condemns its transaction even when the caller swallows the error, as PostgreSQL
 * does it, so that code written against one engine holds on the other.
 *
 * Limits: one slow query delays the queries behind it in its thread; transactions wait in line, at most
 * TRANSACTIONS_WAITING_MAX of them.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { Kysely } from 'kysely';
import { migrate } from '../migrate.ts';
import type { Store, StoreLog, StoreReader, Transaction } from '../store.ts';
import { kyselyOver } from './dialect.ts';
import { SqliteThread } from './thread.ts';
import type { WorkerResult } from './worker-protocol.ts';

/** Ten thousand agents that report at once each cause one; five times that is a store that cannot keep up. */
const TRANSACTIONS_WAITING_MAX = 50_000;
/** Reading a file of this size takes about a second; above it the check would hold up every start. */
const CHECKED_BYTES_MAX = 512 * 1024 * 1024;

export interface SqliteStoreOptions {
  /** A file, made when absent in a directory that exists; or `:memory:`, which leaves nothing behind. */
  readonly path: string;
  readonly log?: StoreLog;
  readonly clock?: Clock;
}

/** AppError STORE_CORRUPT, STORE_UNREADABLE. The caller holds the lock of the data directory. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { log, clock = systemClock } = options;
  const onDeath = (cause: Error) => log?.error('store thread ended', { cause });
  const { writer, reader } =
    options.path === ':memory:' ? await openScratch(onDeath) : await openFile(options.path, onDeath);
  return new SqliteStore({ writer, reader, log, clock });
}

/** A store file opened by somebody who only looks: a running server's, or a copy. AppError STORE_CORRUPT, STORE_UNREADABLE. */
export async function openSqliteReader(options: SqliteStoreOptions): Promise<StoreReader> {
  const { path, log } = options;
  const reader = await SqliteThread.open(
    { path, role: 'reader', isDurable: true, isChecked: false },
    (cause) => log?.error('store thread ended', { cause }),
  );
  const reads = readsOf(reader);
  return {
    // Which tables a reader sees is a matter of types alone; the connection is the same.
    as: <Tables>() => reads as Kysely<Tables>,
    close: () => reader.close(),
  };
}

const readsOf = (reader: SqliteThread): Kysely<unknown> =>
  kyselyOver((sql, parameters) => reader.request({ kind: 'run', transaction: null, sql, parameters }));

interface Threads {
  readonly writer: SqliteThread;
  readonly reader: SqliteThread;
}

async function openFile(path: string, onDeath: (cause: Error) => void): Promise<Threads> {
  const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const isChecked = sizeBytes > 0 && sizeBytes <= CHECKED_BYTES_MAX;
  const writer = await SqliteThread.open({ path, role: 'writer', isDurable: true, isChecked }, onDeath);
  return { writer, reader: await openReader(path, writer, onDeath) };
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
    return { writer: both, reader: both };
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

interface StoreParts extends Threads {
  readonly log: StoreLog | undefined;
  readonly clock: Clock;
}

class SqliteStore implements Store {
  readonly engine = 'sqlite';
  readonly #parts: StoreParts;
  readonly #reads: Kysely<unknown>;
  readonly #inside = new AsyncLocalStorage<OpenTransaction>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #serial = 0;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#reads = readsOf(parts.reader);
  }

  as<Tables>(): Kysely<Tables> {
    // Which tables a room sees is a matter of types alone; the connection is the same.
    return this.#reads as Kysely<Tables>;
  }

  async transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    // It would wait for the transaction it is part of, for ever.
    if (this.#inside.getStore()?.isOpen) throw new Error('a transaction was begun inside a transaction');
    if (this.#waiting >= TRANSACTIONS_WAITING_MAX) throw new AppError('STORE_OVERLOADED');
    this.#waiting += 1;
    const mine = this.#last.then(() => this.#perform(run));
    this.#last = mine.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }

  migrate(sets: Parameters<Store['migrate']>[0]): Promise<void> {
    return this.transaction((transaction) => migrate(transaction, sets, this.#parts.clock));
  }

  /** Transactions that were begun before end first. */
  async close(): Promise<void> {
    await this.#last;
    await this.#parts.reader.close();
    await this.#parts.writer.close();
  }

  async #perform<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const { writer, log } = this.#parts;
    this.#serial += 1;
    const transaction = new OpenTransaction(writer, this.#serial);
    let result: Result;
    try {
      result = await this.#inside.run(transaction, () => run(transaction));
      transaction.finish();
      await writer.request({ kind: 'commit', transaction: this.#serial });
    } catch (error) {
      transaction.isOpen = false;
      await writer.request({ kind: 'rollback', transaction: this.#serial }).catch((cause: unknown) => {
        // The thread is gone, and the transaction with it; the caller gets the error that came first.
        log?.warn('roll back a transaction', { cause });
      });
      throw error;
    }
    for (const afterCommit of transaction.commitListeners) {
      try {
        afterCommit();
      } catch (cause) {
        log?.error('after-commit listener failed', { cause });
      }
    }
    return result;
  }
}

class OpenTransaction implements Transaction {
  isOpen = true;
  readonly commitListeners: (() => void)[] = [];
  readonly #db: Kysely<unknown>;
  #failure: Error | null = null;

  constructor(writer: SqliteThread, serial: number) {
    this.#db = kyselyOver(async (sql, parameters): Promise<WorkerResult> => {
      if (!this.isOpen) throw new Error(`the transaction has ended, refused: ${sql}`);
      try {
        return await writer.request({ kind: 'run', transaction: serial, sql, parameters });
      } catch (error) {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
        throw error;
      }
    });
  }

  as<Tables>(): Kysely<Tables> {
    // Which tables a room sees is a matter of types alone; the connection is the same.
    return this.#db as Kysely<Tables>;
  }

  afterCommit(run: () => void): void {
    if (!this.isOpen) throw new Error('the transaction has ended');
    this.commitListeners.push(run);
  }

  finish(): void {
    this.isOpen = false;
    if (this.#failure !== null) throw this.#failure;
  }
}
