import { Socket } from 'node:net';
import { Client, type QueryResult } from 'pg';
import type { StatementResult } from '../statement.ts';
import { away, isConnectionLost, type Place, statementFailure } from './failure.ts';
import { bindable, valueParsers } from './values.ts';

/** A server that does not answer for this long is not there. */
const CONNECT_TIMEOUT_MS = 5_000;
/** A peer that vanished without a word is found by the kernel's keep-alive after about this time. */
const KEEP_ALIVE_MS = 10_000;
/** The program has a few hundred different statements; lists of odd lengths come and go beside them and are not kept. */
const PREPARED_MAX = 500;
const PREPARED_CHARS_MAX = 2_000;
/** Statements whose count of rows is what they changed. */
const CHANGING = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

export interface ConnectionOptions {
  readonly url: string;
  readonly place: Place;
  /** Seen by the database's administrator in pg_stat_activity. */
  readonly applicationName: string;
}

/**
 * One connection from its opening to its loss. Statements are sent without waiting for the answers of those before, and
 * answered in order; after the loss every one is refused, so that none of a transaction can land in another session.
 */
export class PostgresConnection {
  readonly #client: Client;
  readonly #place: Place;
  readonly #drop: (cause: Error) => void;
  readonly #prepared = new Map<string, string>();
  #inFlight = 0;
  #isLost = false;

  private constructor(client: Client, place: Place, drop: (cause: Error) => void) {
    this.#client = client;
    this.#place = place;
    this.#drop = drop;
  }

  static async open(options: ConnectionOptions, onLost: (cause: Error) => void): Promise<PostgresConnection> {
    const socket = new Socket();
    const client = new Client({
      stream: () => socket,
      connectionString: options.url,
      application_name: options.applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      types: valueParsers,
      pipeline: true,
    });
    const connection = new PostgresConnection(client, options.place, (cause) => {
      lose(cause);
      socket.destroy();
    });
    const lose = (cause: Error): void => {
      if (connection.#isLost) return;
      connection.#isLost = true;
      onLost(cause);
    };
    client.on('error', lose);
    client.on('end', () => lose(new Error('the connection was closed')));
    await client.connect();
    return connection;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Statements sent and not answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** One statement with bound values. */
  async run(text: string, parameters: readonly unknown[]): Promise<StatementResult> {
    const { rows, rowCount, command } = await this.#ask(text, bindable(parameters));
    return { rows, changes: CHANGING.has(command) ? (rowCount ?? 0) : null, lastId: null };
  }

  /** The same for a statement that comes often: the database reads and plans it once a connection. */
  async runPrepared(text: string, parameters: readonly unknown[]): Promise<StatementResult> {
    const name = this.#nameOf(text);
    if (name === undefined) return this.run(text, parameters);
    const { rows } = await this.#ask(text, bindable(parameters), name);
    return { rows, changes: null, lastId: null };
  }

  #nameOf(text: string): string | undefined {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    if (text.length > PREPARED_CHARS_MAX || this.#prepared.size >= PREPARED_MAX) return undefined;
    const name = `s${this.#prepared.size}`;
    this.#prepared.set(text, name);
    return name;
  }

  /** Statements of our own without values, in one message; gives the rows and the command of the last. */
  async perform(text: string): Promise<{ readonly rows: readonly unknown[]; readonly command: string }> {
    // Several statements in one message give a list of results, which the library's types do not tell.
    const result = (await this.#ask(text, undefined)) as QueryResult | readonly QueryResult[];
    const last = Array.isArray(result) ? result.at(-1) : result;
    return { rows: last.rows, command: last.command };
  }

  /** Ends it without the other side, which does not answer. */
  drop(cause: Error): void {
    this.#drop(cause);
  }

  async close(): Promise<void> {
    if (this.#isLost) return;
    this.#isLost = true;
    await this.#client.end();
  }

  async #ask(text: string, values: unknown[] | undefined, name?: string): Promise<QueryResult> {
    if (this.#isLost) throw away(this.#place);
    this.#inFlight += 1;
    try {
      const named = name === undefined ? {} : { name };
      return await this.#client.query(values === undefined ? { text } : { text, values, ...named });
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      if (!isConnectionLost(cause)) throw statementFailure(this.#place, text, cause);
      throw away(this.#place, cause);
    } finally {
      this.#inFlight -= 1;
    }
  }
}
