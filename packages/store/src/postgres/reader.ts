import { isAppError } from '@pilothouse/contract';
import type { RunStatement } from '../statement.ts';
import { StatementError } from '../statement-error.ts';
import type { PostgresConnection } from './connection.ts';
import { type LinkOptions, PostgresLink } from './link.ts';

/** Reads of a page that lists, counts and follows at once, without one slow one holding up all others. */
export const READERS = 4;

export interface PostgresReaders {
  readonly run: RunStatement;
  /** Nothing answers: every connection is opened anew. */
  giveUp(cause: Error): void;
  close(): Promise<void>;
}

export interface ReadersOptions extends Omit<LinkOptions, 'prepare'> {
  /** Absent: READERS. */
  readonly connections?: number | undefined;
  /** A connection that takes longer over a read is given up. Absent: it may take its time, or somebody else watches. */
  readonly answerWithinMs?: number | undefined;
}

/** Connections that cannot write. A read whose connection broke is asked once more: it changed nothing. */
export async function openReaders(options: ReadersOptions): Promise<PostgresReaders> {
  const { connections = READERS } = options;
  const links: PostgresLink[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(links.map((link) => link.close()));
  };
  const prepare: LinkOptions['prepare'] = async (connection) => {
    await connection.perform('SET default_transaction_read_only = on');
  };
  try {
    for (let i = 0; i < connections; i++) links.push(await PostgresLink.open({ ...options, prepare }));
  } catch (error) {
    await close();
    throw error;
  }
  const least = (): PostgresLink => {
    const load = (link: PostgresLink): number => link.current?.inFlight ?? Number.MAX_SAFE_INTEGER;
    return links.reduce((best, link) => (load(link) < load(best) ? link : best));
  };
  const ask: RunStatement = async (sql, parameters) => {
    const connection = await least().ready();
    return inTime(connection, options, connection.runPrepared(sql, parameters));
  };
  // Once more without what was prepared: a table has changed its columns since.
  const askAnew: RunStatement = async (sql, parameters) => {
    const connection = await least().ready();
    return inTime(connection, options, connection.run(sql, parameters));
  };
  return {
    async run(sql, parameters) {
      try {
        return await ask(sql, parameters);
      } catch (error) {
        const isStale = error instanceof StatementError && error.isPlanStale;
        if (!isStale && !(isAppError(error) && error.code === 'STORE_AWAY')) throw error;
        return await askAnew(sql, parameters);
      }
    },
    giveUp(cause) {
      for (const link of links) link.giveUp(cause);
    },
    close,
  };
}

/** The answer, or STORE_AWAY when there is none in time. */
export async function inTime<Answer>(
  connection: PostgresConnection,
  { clock, answerWithinMs }: Pick<ReadersOptions, 'clock' | 'answerWithinMs'>,
  answer: Promise<Answer>,
): Promise<Answer> {
  if (answerWithinMs === undefined) return answer;
  const cancel = clock.after(answerWithinMs, () =>
    connection.drop(new Error('the database does not answer')),
  );
  try {
    return await answer;
  } finally {
    cancel();
  }
}
