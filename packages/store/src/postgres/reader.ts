import { isAppError } from '@pilothouse/contract';
import type { RunStatement } from '../statement.ts';
import { StatementError } from '../statement-error.ts';
import { type LinkOptions, PostgresLink } from './link.ts';

/** Reads of a page that lists, counts and follows at once, without one slow one holding up all others. */
export const READERS = 4;

export interface PostgresReaders {
  readonly run: RunStatement;
  /** Nothing answers: every connection is opened anew. */
  giveUp(cause: Error): void;
  close(): Promise<void>;
}

/** Connections that cannot write. A read whose connection broke is asked once more: it changed nothing. */
export async function openReaders(
  options: Omit<LinkOptions, 'prepare'>,
  count = READERS,
): Promise<PostgresReaders> {
  const links: PostgresLink[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(links.map((link) => link.close()));
  };
  const prepare: LinkOptions['prepare'] = async (connection) => {
    await connection.perform('SET default_transaction_read_only = on');
  };
  try {
    for (let i = 0; i < count; i++) links.push(await PostgresLink.open({ ...options, prepare }));
  } catch (error) {
    await close();
    throw error;
  }
  const least = (): PostgresLink => {
    const load = (link: PostgresLink): number => link.current?.inFlight ?? Number.MAX_SAFE_INTEGER;
    return links.reduce((best, link) => (load(link) < load(best) ? link : best));
  };
  const ask: RunStatement = async (sql, parameters) => (await least().ready()).runPrepared(sql, parameters);
  // Once more without what was prepared: a table has changed its columns since.
  const askAnew: RunStatement = async (sql, parameters) => (await least().ready()).run(sql, parameters);
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
