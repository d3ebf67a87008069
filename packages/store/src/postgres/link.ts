import { backoffMs, type Clock } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { StoreLog } from '../store.ts';
import { type ConnectionOptions, PostgresConnection } from './connection.ts';
import { away, openFailure } from './failure.ts';

/** A restart or a change-over of the database is over within this time, and nobody needs to be told of it. */
export const AWAY_GRACE_MS = 3_000;
/**
 * A connection that is not fit for use after this time has fallen silent: the wait for the lock takes a few seconds at most.
 * The system would give it up after a quarter of an hour, and nothing else would be tried before.
 */
export const PREPARE_MAX_MS = 30_000;
const RECONNECT = { firstMs: 100, maxMs: 1_000 };

export interface LinkOptions extends ConnectionOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: StoreLog | undefined;
  /** Makes a fresh connection fit for use; a rejection with STORE_TAKEN ends the link for good. */
  readonly prepare: (connection: PostgresConnection) => Promise<void>;
}

/**
 * A connection that comes back. Lost, it is opened again and again with a pause between; who asks for it waits, and once
 * it has been away for AWAY_GRACE_MS is refused with STORE_AWAY at once.
 */
export class PostgresLink {
  readonly #options: LinkOptions;
  #connection: PostgresConnection | null = null;
  /** Why there will be none any more. */
  #end: AppError | null = null;
  #isOverdue = false;
  #opened = Promise.withResolvers<PostgresConnection>();
  #overdue = Promise.withResolvers<never>();
  readonly #refusalListeners: ((refusal: AppError) => void)[] = [];

  private constructor(options: LinkOptions) {
    this.#options = options;
    this.#hush();
  }

  /** Opens it for the first time, which is not tried twice. AppError STORE_UNREACHABLE and what `prepare` refuses with. */
  static async open(options: LinkOptions): Promise<PostgresLink> {
    const link = new PostgresLink(options);
    try {
      await link.#connect();
    } catch (error) {
      throw openFailure(options.place, error);
    }
    return link;
  }

  /** The connection, at once or within the grace. */
  async ready(): Promise<PostgresConnection> {
    const refusal = this.refusal();
    if (refusal !== null) throw refusal;
    return this.#connection ?? Promise.race([this.#opened.promise, this.#overdue.promise]);
  }

  /** The connection, however long that takes. AppError STORE_STOPPED when it never will be. */
  async whenOpen(): Promise<PostgresConnection> {
    if (this.#end !== null) throw this.#end;
    return this.#connection ?? this.#opened.promise;
  }

  /** The connection now, or null. */
  get current(): PostgresConnection | null {
    return this.#connection;
  }

  /** The connection answers nothing: it is ended without the other side, and opened again. */
  giveUp(cause: Error): void {
    this.#connection?.drop(cause);
  }

  refusal(): AppError | null {
    if (this.#end !== null) return this.#end;
    return this.#isOverdue ? away(this.#options.place) : null;
  }

  onRefusal(listener: (refusal: AppError) => void): void {
    this.#refusalListeners.push(listener);
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#finish(new AppError('STORE_STOPPED'));
    await connection?.close();
  }

  async #connect(): Promise<void> {
    const { prepare, clock } = this.#options;
    let lost: Error | null = null;
    let opened: PostgresConnection | null = null;
    const connection = await PostgresConnection.open(this.#options, (cause) => {
      lost = cause;
      if (opened !== null && this.#connection === opened) this.#lose(cause);
    });
    opened = connection;
    const cancel = clock.after(PREPARE_MAX_MS, () =>
      connection.drop(new Error('the database does not answer')),
    );
    try {
      await prepare(connection);
      if (lost !== null) throw lost;
    } catch (error) {
      await connection.close();
      throw error;
    } finally {
      cancel();
    }
    if (this.#end !== null) return connection.close();
    this.#connection = connection;
    this.#isOverdue = false;
    this.#opened.resolve(connection);
  }

  #lose(cause: Error): void {
    const { clock, log, place } = this.#options;
    this.#connection = null;
    if (this.#end !== null) return;
    log?.warn('database connection lost', { place, cause });
    this.#opened = Promise.withResolvers();
    this.#overdue = Promise.withResolvers();
    this.#hush();
    const lostAt = this.#opened;
    clock.after(AWAY_GRACE_MS, () => {
      if (this.#opened === lostAt && this.#connection === null) this.#beOverdue();
    });
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { clock, log, place, random } = this.#options;
    for (let attempt = 0; this.#connection === null && this.#end === null; attempt++) {
      await new Promise<void>((resolve) => {
        clock.after(backoffMs(attempt, RECONNECT, random()), resolve);
      });
      try {
        await this.#connect();
        log?.warn('database connection open again', { place, attempts: attempt + 1 });
      } catch (error) {
        if (error instanceof AppError && error.code === 'STORE_TAKEN') {
          log?.error('another server took the database over', { place });
          this.#finish(error);
        }
      }
    }
  }

  #beOverdue(): void {
    this.#isOverdue = true;
    const refusal = away(this.#options.place);
    this.#overdue.reject(refusal);
    for (const listener of this.#refusalListeners) listener(refusal);
  }

  #finish(end: AppError): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#connection = null;
    this.#overdue.reject(end);
    this.#opened.reject(end);
    for (const listener of this.#refusalListeners) listener(end);
  }

  /** Nobody need be waiting for them. */
  #hush(): void {
    this.#opened.promise.catch(() => undefined);
    this.#overdue.promise.catch(() => undefined);
  }
}
