/**
 * SQLite over a disk that misbehaves, for simulations alone.
 *
 * Problem: what a store keeps of a commit in whose middle the power fails is decided below SQLite, by which sectors of which
 * file had reached the disk. A simulation that only forgets or keeps whole transactions never sees that.
 *
 * Rule: SQLite itself works on real files, on the caller's thread, so that every statement has its answer within the turn. When
 * the power fails within a commit, the files are read before and after it, and the disk that is found afterwards is made of
 * both: of what had changed, each sector is old or new as the seed says, one of them may be torn in its middle, and a file that
 * grew ends anywhere (a short write). What SQLite orders by fsync stays in order: the write-ahead log is whole before any
 * page of the database changes. The next store opens over that, with its check of every page.
 *
 * Limits: only the commit under way is at risk, since everything before it had been synced; a disk that lies about fsync is
 * not simulated.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { systemClock } from '@pilothouse/base';
import { SerialStore, type StoreEngine } from '../serial-store.ts';
import type { Store, Transaction } from '../store.ts';
import { SqliteConnection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { statementFailure } from './failure.ts';
import type { WorkerRequest } from './worker-protocol.ts';

const SECTOR_BYTES = 512;
/** A log that is moved into the database now and then, so that power fails during that, too. */
const PAGES_PER_CHECKPOINT = 64;

/** From 0 up to, not including, 1; the same seed gives the same disk. */
type Chance = () => number;

export interface FaultyStore {
  readonly store: Store;
  /** Transactions that come while it is slow wait until they are let through. */
  isSlow: boolean;
  release(): void;
  /** There is no room for another page until it is made. */
  setFull(isFull: boolean): void;
  /** The power fails now, or within the next commit. The store never answers again. */
  cutPower(when: 'now' | 'within-a-commit'): void;
  readonly isOut: boolean;
}

/** Opens what is at `path`, reading every page; `image` begins a new file there. */
export function openFaultyStore(path: string, chance: Chance, image?: Uint8Array): FaultyStore {
  if (image !== undefined) writeFileSync(path, image);
  const power = createPower(path, chance);
  const { connection } = power;
  const store = new SerialStore({ engine: engineOver(power), log: undefined, clock: systemClock });
  let waiting: (() => void)[] = [];
  const faulty: FaultyStore = {
    isSlow: false,
    release() {
      const all = waiting;
      waiting = [];
      for (const go of all) go();
    },
    setFull(isFull) {
      const { rows } = connection.perform(reading(isFull ? 'PRAGMA page_count' : 'SELECT 1073741823 AS n'));
      const [pages = 0] = Object.values(rows[0] ?? {});
      connection.perform(reading(`PRAGMA max_page_count = ${Number(pages)}`));
    },
    cutPower: (when) => power.cut(when),
    get isOut() {
      return power.isOut;
    },
    store: {
      engine: store.engine,
      as: () => store.as(),
      migrate: (sets) => store.migrate(sets),
      close: async () => power.leave(),
      async transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
        if (power.isOut) return never();
        if (faulty.isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
        return store.transaction(run);
      },
    },
  };
  return faulty;
}

const never = (): Promise<never> => new Promise<never>(() => undefined);
const reading = (sql: string): WorkerRequest => ({
  kind: 'run',
  id: 0,
  transaction: null,
  sql,
  parameters: [],
});

interface Power {
  readonly connection: SqliteConnection;
  readonly path: string;
  readonly isOut: boolean;
  cut(when: 'now' | 'within-a-commit'): void;
  /** Carries the commit out, unless the power fails within it. */
  commit(perform: () => void): void;
  /** Closes the connection, if the power has not. */
  leave(): void;
}

function createPower(path: string, chance: Chance): Power {
  const connection = new SqliteConnection({ path, role: 'writer', isDurable: true, isChecked: true });
  connection.perform(reading(`PRAGMA wal_autocheckpoint = ${PAGES_PER_CHECKPOINT}`));
  let isOut = false;
  let isCutAtCommit = false;
  const goOut = (left: Files): void => {
    isOut = true;
    // Closing tidies the files up, as no power cut does: what is left is written down after it.
    connection.perform({ kind: 'close', id: 0 });
    writeFiles(path, left);
  };
  return {
    connection,
    path,
    get isOut() {
      return isOut;
    },
    cut(when) {
      if (isOut) return;
      if (when === 'now') goOut(readFiles(path));
      else isCutAtCommit = true;
    },
    commit(perform) {
      if (!isCutAtCommit) return perform();
      const before = readFiles(path);
      perform();
      goOut(leftOf(before, readFiles(path), chance));
    },
    leave() {
      if (!isOut) connection.perform({ kind: 'close', id: 0 });
      isOut = true;
    },
  };
}

function engineOver(power: Power): StoreEngine {
  const { connection } = power;
  let serial = 0;
  let open: Promise<void> | null = null;
  const run = (transaction: number | null, sql: string, parameters: readonly unknown[]) => {
    if (power.isOut) return never();
    return attempt(power.path, sql, () =>
      connection.perform({ kind: 'run', id: 0, transaction, sql, parameters }),
    );
  };
  return {
    name: 'sqlite',
    dialect: sqliteDialect,
    // One connection: who reads what is committed waits until nothing else is.
    async read(sql, parameters) {
      while (open !== null) await open;
      return run(null, sql, parameters);
    },
    begin() {
      serial += 1;
      const transaction = serial;
      let finish = (): void => undefined;
      open = new Promise((resolve) => {
        finish = resolve;
      });
      const left = <Result>(result: Result): Result => {
        open = null;
        finish();
        return result;
      };
      return {
        run: async (sql, parameters) => run(transaction, sql, parameters),
        async commit() {
          if (power.isOut) return never();
          const commit = () => void connection.perform({ kind: 'commit', id: 0, transaction });
          attempt(power.path, 'COMMIT', () => power.commit(commit));
          return power.isOut ? never() : left(undefined);
        },
        async rollback() {
          if (power.isOut) return never();
          connection.perform({ kind: 'rollback', id: 0, transaction });
          left(undefined);
        },
      };
    },
    refusal: () => null,
    onRefusal: () => undefined,
    close: async () => power.leave(),
  };
}

/** Failures are told in the words that the store's own thread has for them. */
function attempt<Result>(path: string, sql: string, perform: () => Result): Result {
  try {
    return perform();
  } catch (error) {
    if (!(error instanceof Error) || !('errcode' in error)) throw error;
    throw statementFailure(path, sql, { message: error.message, resultCode: Number(error.errcode) });
  }
}

interface Files {
  readonly database: Buffer;
  readonly log: Buffer;
}

function readFiles(path: string): Files {
  const log = `${path}-wal`;
  return { database: readFileSync(path), log: existsSync(log) ? readFileSync(log) : Buffer.alloc(0) };
}

function writeFiles(path: string, { database, log }: Files): void {
  for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
  writeFileSync(path, database);
  writeFileSync(`${path}-wal`, log);
}

/** What the disk holds after a cut within the commit that made `after` of `before`. */
function leftOf(before: Files, after: Files, chance: Chance): Files {
  // The log is synced before any of its pages goes into the database.
  if (!before.database.equals(after.database))
    return { database: mixed(before.database, after.database, chance), log: after.log };
  return { database: before.database, log: mixed(before.log, after.log, chance) };
}

/** Of every sector that changed, the old or the new one; the last written may be torn, and a grown file may end anywhere. */
function mixed(before: Buffer, after: Buffer, chance: Chance): Buffer {
  const all = chance();
  if (all < 0.15) return before;
  if (all > 0.85) return after;
  const length = before.length + Math.floor(chance() * (after.length - before.length + 1));
  const left = Buffer.alloc(Math.max(length, before.length));
  before.copy(left);
  for (let at = 0; at < left.length; at += SECTOR_BYTES) {
    const end = Math.min(at + SECTOR_BYTES, left.length);
    if (after.subarray(at, end).equals(left.subarray(at, end))) continue;
    const luck = chance();
    if (luck < 0.3) continue;
    const torn = luck > 0.95 ? at + Math.floor(chance() * (end - at)) : end;
    after.copy(left, at, at, torn);
  }
  return left;
}
