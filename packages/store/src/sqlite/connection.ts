import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { WorkerOptions, WorkerRequest, WorkerResult } from './worker-protocol.ts';

/** The program has a few hundred different statements; multi-row inserts of odd lengths come and go beside them. */
const STATEMENTS_CACHED_MAX = 500;
/** Only a backup tool or a second program could hold a lock for long; the store itself never waits for itself. */
const BUSY_TIMEOUT_MS = 5_000;
/** What a burst may leave on disk as write-ahead log after it was checkpointed. */
const WAL_BYTES_KEPT_MAX = 64 * 1024 * 1024;

const NOTHING: WorkerResult = { rows: [], changes: null, lastId: null };

/** SQLITE_CORRUPT, for damage that a check found rather than a statement. */
const RESULT_CORRUPT = 11;

interface CachedStatement {
  readonly statement: StatementSync;
  readonly hasRows: boolean;
}

/**
 * One SQLite connection inside a database thread. A transaction begins with its first statement, so that beginning costs
 * no message of its own; a statement of a transaction that the engine has already rolled back is refused rather than
 * begin a second one.
 */
export class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, CachedStatement>();
  #transaction: number | null = null;
  /** A statement of the open transaction failed: it can only be rolled back. */
  #isCondemned = false;

  constructor(
    options: Pick<WorkerOptions, 'path' | 'isDurable' | 'isChecked'> & { role: 'writer' | 'reader' },
  ) {
    if (options.isChecked) checkFile(options.path);
    this.#database = new DatabaseSync(options.path, {
      readOnly: options.role === 'reader',
      timeout: BUSY_TIMEOUT_MS,
      enableForeignKeyConstraints: true,
    });
    if (options.role === 'writer') {
      this.#database.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = ${options.isDurable ? 'FULL' : 'OFF'};
        PRAGMA journal_size_limit = ${WAL_BYTES_KEPT_MAX};
      `);
    }
    // The first read opens the write-ahead log and finds a file that is no database at all.
    this.#database.exec('SELECT count(*) FROM sqlite_schema');
  }

  perform(request: WorkerRequest): WorkerResult {
    switch (request.kind) {
      case 'run':
        if (request.transaction === null) return this.#run(request.sql, request.parameters);
        return this.#runInside(request.transaction, request.sql, request.parameters);
      case 'commit':
        return this.#leave(request.transaction, 'COMMIT');
      case 'rollback':
        return this.#leave(request.transaction, 'ROLLBACK');
      case 'close':
        this.#statements.clear();
        this.#database.close();
        return NOTHING;
    }
  }

  /** The whole database, for another that starts out as this one is. */
  image(): Uint8Array {
    return this.#database.serialize();
  }

  /** Everything becomes as it was when the image was taken. */
  become(image: Uint8Array): void {
    this.#statements.clear();
    this.#database.deserialize(image);
  }

  #enter(transaction: number): void {
    if (this.#transaction === transaction) {
      if (this.#database.isTransaction) return;
      throw new Error('the transaction was rolled back by the database');
    }
    if (this.#database.isTransaction) throw new Error('another transaction is open');
    this.#database.exec('BEGIN IMMEDIATE');
    this.#transaction = transaction;
    this.#isCondemned = false;
  }

  #runInside(transaction: number, sql: string, parameters: readonly unknown[]): WorkerResult {
    this.#enter(transaction);
    try {
      return this.#run(sql, parameters);
    } catch (error) {
      this.#isCondemned = true;
      throw error;
    }
  }

  /** A transaction without statements never began, and ends as easily. */
  #leave(transaction: number, how: 'COMMIT' | 'ROLLBACK'): WorkerResult {
    if (this.#transaction !== transaction) return NOTHING;
    if (how === 'COMMIT' && this.#isCondemned) throw new Error('a statement of the transaction failed');
    if (this.#database.isTransaction) this.#database.exec(how);
    else if (how === 'COMMIT') throw new Error('the transaction was rolled back by the database');
    this.#transaction = null;
    return NOTHING;
  }

  #run(sql: string, parameters: readonly unknown[]): WorkerResult {
    const { statement, hasRows } = this.#prepare(sql);
    // node:sqlite refuses by itself what SQLite cannot store, but takes true for 1, which PostgreSQL does not.
    if (parameters.includes(true) || parameters.includes(false))
      throw new TypeError('a boolean cannot be bound: store 0 or 1');
    const values = parameters as (string | number | bigint | null | Uint8Array)[];
    if (hasRows) return { rows: statement.all(...values), changes: null, lastId: null };
    const { changes, lastInsertRowid } = statement.run(...values);
    return { rows: [], changes: Number(changes), lastId: lastInsertRowid };
  }

  #prepare(sql: string): CachedStatement {
    const cached = this.#statements.get(sql);
    if (cached !== undefined) {
      this.#statements.delete(sql);
      this.#statements.set(sql, cached);
      return cached;
    }
    const statement = this.#database.prepare(sql);
    const prepared = { statement, hasRows: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    if (this.#statements.size > STATEMENTS_CACHED_MAX) {
      const oldest = this.#statements.keys().next();
      if (!oldest.done) this.#statements.delete(oldest.value);
    }
    return prepared;
  }
}

/** SQLite puts a heading of its own above what it found; people are told a cause in one line. */
const oneLine = (problem: unknown): string =>
  String(problem)
    .replace(/^\*\*\* in database \w+ \*\*\*\n/, '')
    .replace(/\s*\n\s*/g, '; ');

/** Reads the whole file through a connection that cannot write, so that a damaged one is left exactly as it was found. */
function checkFile(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    const problem = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (problem !== 'ok') throw Object.assign(new Error(oneLine(problem)), { errcode: RESULT_CORRUPT });
  } finally {
    database.close();
  }
}
