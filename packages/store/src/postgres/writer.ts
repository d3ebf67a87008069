/**
 * The one connection that writes.
 *
 * Problem: the rooms' caches follow the commits of this process, so no other may write beside it; and a connection that
 * breaks while a commit is under way leaves open whether it happened.
 *
 * Rule: the connection that writes holds the installation's advisory lock. Whoever has lost the connection has lost the
 * lock and can write nothing, so there is nothing to fence. After a reconnect the name that this process left in
 * `store_meta` must still be there, or another server has been at work in between: STORE_TAKEN, and this one ends. Each
 * transaction asks for its number when it begins; when its commit stays unanswered, the database is asked by that number
 * what became of it as soon as it is back, and only then is the caller answered.
 *
 * Limits: a proxy that hands one session's statements to several connections (pgbouncer in transaction mode) breaks the
 * lock and is not supported. After a change-over to a standby that had not received everything, the last commits are as
 * lost as the database says they are; synchronous replication avoids that.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { SECOND_MS } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import type { EngineTransaction } from '../serial-store.ts';
import type { PostgresConnection } from './connection.ts';
import { away } from './failure.ts';
import { type LinkOptions, PostgresLink } from './link.ts';

const VERSION_MIN = 150_000;
/** `PHse`: tells our lock from those of other programs in the same database; the second key is the schema. */
export const LOCK_CLASS = 1_346_925_413;
/** The session of a server that was killed a moment ago ends when the database notices. */
const LOCK_WAIT_MS = 5_000;
const LOCK_RETRY_MS = 100;
const IN_DOUBT_RETRY_MS = 100;
/** How often a watched writer says that it lives; those who stand by count the time since (stand-by.ts). */
const BEAT_MS = SECOND_MS;
/** A slow statement holds up the answer, too; whoever stands by does not wait for this. */
const BEATS_UNANSWERED_MAX = 10;
/** The database ends the session of a machine that vanished within about five seconds, whatever it was doing for it. */
const WATCHED_SETTINGS = `
  SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3;
  SET tcp_user_timeout = 5000; SET client_connection_check_interval = 1000`;

export interface PostgresWriter {
  begin(): EngineTransaction;
  refusal(): AppError | null;
  onRefusal(listener: (refusal: AppError) => void): void;
  claimed(owner: string): void;
  /** Nothing answers: the connection is opened anew. */
  giveUp(cause: Error): void;
  close(): Promise<void>;
}

export interface WriterOptions extends Omit<LinkOptions, 'prepare'> {
  /** Others stand by to take its place. */
  readonly isWatched: boolean;
}

export async function openWriter(options: WriterOptions): Promise<PostgresWriter> {
  let owner: string | null = null;
  let sessionId: number | null = null;
  const prepare = async (connection: PostgresConnection): Promise<void> => {
    await requireFit(connection, options);
    if (options.isWatched) await connection.perform(WATCHED_SETTINGS);
    await takeLock(connection, options.place, { sessionId, owner });
    sessionId = Number(await valueOf(connection, 'SELECT pg_backend_pid() AS value'));
    if (owner !== null) await requireOwner(connection, options.place, owner);
  };
  const link = await PostgresLink.open({ ...options, prepare });
  const stopBeating = options.isWatched ? beat(link, options) : () => undefined;
  return {
    begin: () => new WriterTransaction(link, options.place),
    refusal: () => link.refusal(),
    onRefusal: (listener) => link.onRefusal(listener),
    claimed: (name) => {
      owner = name;
    },
    giveUp: (cause) => link.giveUp(cause),
    close() {
      stopBeating();
      return link.close();
    },
  };
}

/** Says again and again that this session lives, and gives the connection up when nobody answers. */
function beat(link: PostgresLink, { clock }: WriterOptions): () => void {
  let asked: PostgresConnection | null = null;
  let unanswered = 0;
  return clock.every(BEAT_MS, () => {
    const connection = link.current;
    if (connection === null) return;
    if (asked !== connection) unanswered = 0;
    asked = connection;
    if (unanswered >= BEATS_UNANSWERED_MAX) return connection.drop(new Error('the database does not answer'));
    unanswered += 1;
    // Within a transaction that failed it is refused, which is an answer as well.
    const heard = (): void => {
      if (asked === connection) unanswered = 0;
    };
    connection.perform('SELECT 1').then(heard, heard);
  });
}

class WriterTransaction implements EngineTransaction {
  readonly #link: PostgresLink;
  readonly #place: string;
  /** Null until the first statement. */
  #begun: Promise<{ readonly connection: PostgresConnection; readonly number: Promise<string> }> | null =
    null;

  constructor(link: PostgresLink, place: string) {
    this.#link = link;
    this.#place = place;
  }

  async run(sql: string, parameters: readonly unknown[]) {
    this.#begun ??= this.#begin();
    const { connection } = await this.#begun;
    return connection.run(sql, parameters);
  }

  async commit(): Promise<void> {
    if (this.#begun === null) return;
    const { connection, ...begun } = await this.#begun;
    const number = await begun.number;
    try {
      const { command } = await connection.perform('COMMIT');
      if (command !== 'COMMIT') throw new Error('the transaction was rolled back by the database');
    } catch (error) {
      if (!connection.isLost && !(error instanceof AppError && error.code === 'STORE_AWAY')) throw error;
      if (!(await this.#isCommitted(number))) throw error;
    }
  }

  async rollback(): Promise<void> {
    if (this.#begun === null) return;
    const connection = await this.#begun.then(
      (begun) => begun.connection,
      () => null,
    );
    if (connection === null || connection.isLost) return;
    await connection.perform('ROLLBACK');
  }

  async #begin() {
    const connection = await this.#link.ready();
    // The first statement travels with it. Without a connection neither arrives; without a number neither is carried out.
    const number = connection
      .perform('BEGIN; SELECT pg_current_xact_id()::text AS value')
      .then(({ rows }) => textOf(rows));
    // Whoever commits is told.
    number.catch(() => undefined);
    return { connection, number };
  }

  /** Asks until the database knows. */
  async #isCommitted(number: string): Promise<boolean> {
    for (;;) {
      const connection = await this.#link.whenOpen();
      try {
        const { rows } = await connection.run('SELECT pg_xact_status($1::text::xid8) AS value', [number]);
        const status = textOf(rows);
        if (status === 'committed') return true;
        if (status === 'aborted') return false;
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'STORE_AWAY') {
          // A number from a future that this database never had: it was replaced by one that is behind.
          throw new AppError('STORE_AWAY', { place: this.#place }, { cause: error });
        }
      }
      await delay(IN_DOUBT_RETRY_MS);
    }
  }
}

/** Refuses what would not keep our promises, and asks for what keeps them. */
async function requireFit(connection: PostgresConnection, { place, log }: WriterOptions): Promise<void> {
  const { rows } = await connection.perform(`
    SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding') AS encoding,
      current_setting('synchronous_commit') AS durability, current_setting('fsync') AS fsync,
      pg_is_in_recovery() AS standby, current_schema() AS schema`);
  // The columns of the statement above.
  const [found] = rows as readonly {
    version: number;
    encoding: string;
    durability: string;
    fsync: string;
    standby: number;
    schema: string | null;
  }[];
  if (found === undefined) throw away(place);
  const unfit = (problem: string): AppError => new AppError('STORE_UNREACHABLE', { place, problem });
  if (found.version < VERSION_MIN)
    throw unfit(`it is PostgreSQL ${Math.floor(found.version / 10_000)}; 15 or later is needed`);
  if (found.encoding !== 'UTF8') throw unfit(`its encoding is ${found.encoding}; UTF8 is needed`);
  if (found.schema === null) throw unfit('the search path names no schema that exists');
  if (found.standby === 1) throw unfit('it is a standby that takes no writes');
  if (found.fsync === 'off')
    log?.warn('the database runs with fsync=off: a power cut can destroy it', { place });
  // A failure of a far machine is noticed within about half a minute rather than after hours; a local socket ignores it.
  await connection.perform(`
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4;
    SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; SET lock_timeout = 0`);
  // Anything stronger than `on` stays.
  if (found.durability === 'off') await connection.perform('SET synchronous_commit = on');
}

async function takeLock(
  connection: PostgresConnection,
  place: string,
  before: { readonly sessionId: number | null; readonly owner: string | null },
): Promise<void> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  const keys = `${LOCK_CLASS}, hashtext(current_schema())`;
  for (;;) {
    const taken = await valueOf(connection, `SELECT pg_try_advisory_lock(${keys}) AS value`);
    if (taken === 1) return;
    // Whoever took over meanwhile has said so, and will not give it back.
    if (before.owner !== null) await requireOwner(connection, place, before.owner);
    // Our own session of before, which the database believes to be alive: it may not linger for hours.
    if (before.sessionId !== null)
      await connection.perform(`SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE locktype = 'advisory' AND classid = ${LOCK_CLASS} AND pid = ${before.sessionId}`);
    if (performance.now() > deadline)
      throw new AppError('STORE_IN_USE', { place, ...(await holder(connection)) });
    await delay(LOCK_RETRY_MS);
  }
}

async function holder(connection: PostgresConnection): Promise<{ who: string }> {
  const who = await valueOf(
    connection,
    `SELECT coalesce(a.application_name || ' at ' || coalesce(host(a.client_addr), 'this machine'), '?') AS value
      FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.classid = ${LOCK_CLASS} AND l.granted LIMIT 1`,
  );
  return { who: typeof who === 'string' ? who : '?' };
}

async function requireOwner(connection: PostgresConnection, place: string, owner: string): Promise<void> {
  const found = await valueOf(connection, `SELECT value FROM store_meta WHERE name = 'owner'`);
  if (found !== owner) throw new AppError('STORE_TAKEN', { place });
}

async function valueOf(connection: PostgresConnection, statement: string): Promise<unknown> {
  const { rows } = await connection.perform(statement);
  // Every statement here names its one column so.
  return (rows as readonly { value: unknown }[])[0]?.value;
}

const textOf = (rows: readonly unknown[]): string =>
  // Every statement here names its one column so.
  String((rows as readonly { value: unknown }[])[0]?.value);
