/**
 * The store over any engine: transactions one after another.
 *
 * Problem: rooms read, decide and write in a transaction, and keep caches that follow the order of commits. Two of them at
 * once would decide on what the other is about to change.
 *
 * Rule: one writer. A transaction begins when the one before has ended and its after-commit listeners have run. A
 * statement that fails condemns its transaction even when the caller swallows the error. While the engine says that its
 * database is away, transactions that have not begun are refused rather than left to wait.
 *
 * Limits: TRANSACTIONS_WAITING_MAX wait in line; a slow transaction delays all behind it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Clock } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { Kysely } from 'kysely';
import { kyselyOver, type SqlDialect } from './kysely-over.ts';
import { migrate } from './migrate.ts';
import type { RunStatement } from './statement.ts';
import type { Store, StoreLog, Transaction } from './store.ts';

/** Ten thousand agents that report at once each cause one; five times that is a store that cannot keep up. */
const TRANSACTIONS_WAITING_MAX = 50_000;

/** One open transaction of an engine. It begins with its first statement. */
export interface EngineTransaction {
  run(...statement: Parameters<RunStatement>): ReturnType<RunStatement>;
  /** Durable on return; a rejection means that nothing of it was kept. */
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** What differs between databases. */
export interface StoreEngine {
  readonly name: Store['engine'];
  readonly dialect: SqlDialect;
  /** Reads what is committed; cannot write. */
  readonly read: RunStatement;
  /** Called for one transaction at a time. */
  begin(): EngineTransaction;
  /** Why nothing can be begun now, or null. */
  refusal(): AppError | null;
  /** Called each time `refusal` becomes other than null. */
  onRefusal(listener: (refusal: AppError) => void): void;
  /** Called once this program has made the tables its own, with its name in them. */
  claimed?(owner: string): void;
  close(): Promise<void>;
}

export interface SerialStoreParts {
  readonly engine: StoreEngine;
  readonly log: StoreLog | undefined;
  readonly clock: Clock;
}

export class SerialStore implements Store {
  readonly #parts: SerialStoreParts;
  readonly #reads: Kysely<unknown>;
  readonly #inside = new AsyncLocalStorage<OpenTransaction>();
  /** How to refuse each transaction that has not begun. */
  readonly #waiting = new Set<(refusal: AppError) => void>();
  #last: Promise<void> = Promise.resolve();

  constructor(parts: SerialStoreParts) {
    this.#parts = parts;
    this.#reads = kyselyOver(parts.engine.dialect, parts.engine.read);
    parts.engine.onRefusal((refusal) => {
      for (const refuse of this.#waiting) refuse(refusal);
      this.#waiting.clear();
    });
  }

  get engine(): Store['engine'] {
    return this.#parts.engine.name;
  }

  as<Tables>(): Kysely<Tables> {
    // Which tables a room sees is a matter of types alone; the connection is the same.
    return this.#reads as Kysely<Tables>;
  }

  async transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    // It would wait for the transaction it is part of, for ever.
    if (this.#inside.getStore()?.isOpen) throw new Error('a transaction was begun inside a transaction');
    const refusal = this.#parts.engine.refusal();
    if (refusal !== null) throw refusal;
    if (this.#waiting.size >= TRANSACTIONS_WAITING_MAX) throw new AppError('STORE_OVERLOADED');
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.add(reject);
      this.#last = this.#last.then(async () => {
        if (this.#waiting.delete(reject)) await this.#perform(run).then(resolve, reject);
      });
    });
  }

  async migrate(sets: Parameters<Store['migrate']>[0]): Promise<void> {
    const { engine, clock } = this.#parts;
    const owner = randomUUID();
    const options = { clock, newId: randomUUID, owner };
    await this.transaction((transaction) => migrate(transaction, sets, options));
    engine.claimed?.(owner);
  }

  /** Transactions that were begun before end first. */
  async close(): Promise<void> {
    await this.#last;
    await this.#parts.engine.close();
  }

  async #perform<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const { engine, log } = this.#parts;
    const begun = engine.begin();
    const transaction = new OpenTransaction(engine.dialect, (sql, parameters) => begun.run(sql, parameters));
    let result: Result;
    try {
      result = await this.#inside.run(transaction, () => run(transaction));
      transaction.finish();
      await begun.commit();
    } catch (error) {
      transaction.isOpen = false;
      await begun.rollback().catch((cause: unknown) => {
        // The connection is gone, and the transaction with it; the caller gets the error that came first.
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

  constructor(dialect: SqlDialect, run: RunStatement) {
    this.#db = kyselyOver(dialect, async (sql, parameters) => {
      if (!this.isOpen) throw new Error(`the transaction has ended, refused: ${sql}`);
      try {
        return await run(sql, parameters);
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
