/**
 * Finds out that the database hangs.
 *
 * Problem: a database that was stopped in the middle (a frozen machine, storage that went away) keeps its connections open
 * and answers nothing. Nobody tells who waits, since no connection breaks.
 *
 * Rule: a connection that has nothing else to do asks every few seconds whether anybody is there, so a statement that takes
 * long holds nothing up. Unanswered for SILENT_MS, all connections are given up, and everybody is told what is told when the
 * database is away; from then on they are opened again and again until it answers.
 *
 * Limits: commits under way are in doubt until it is back, as when a connection breaks.
 */
import { SECOND_MS } from '@pilothouse/base';
import type { PostgresConnection } from './connection.ts';
import { type LinkOptions, PostgresLink } from './link.ts';

const ASK_EVERY_MS = 2 * SECOND_MS;
/** Longer than a busy database keeps anybody waiting who asks for nothing. */
export const SILENT_MS = 10 * SECOND_MS;

export interface DatabaseWatch {
  close(): Promise<void>;
}

/** `silent`: called with the reason each time the database has answered nothing for so long. */
export async function watchDatabase(
  options: Omit<LinkOptions, 'prepare'>,
  silent: (cause: Error) => void,
): Promise<DatabaseWatch> {
  const { clock } = options;
  const link = await PostgresLink.open({ ...options, prepare: async () => undefined });
  let asked: { readonly connection: PostgresConnection; readonly atMs: number } | null = null;
  const stop = clock.every(ASK_EVERY_MS, () => {
    const connection = link.current;
    if (connection === null) return;
    if (asked?.connection === connection) {
      if (clock.monotonic() - asked.atMs < SILENT_MS) return;
      const cause = new Error('the database does not answer');
      link.giveUp(cause);
      return silent(cause);
    }
    const question = { connection, atMs: clock.monotonic() };
    asked = question;
    const heard = (): void => {
      if (asked === question) asked = null;
    };
    connection.perform('SELECT 1').then(heard, heard);
  });
  return {
    close() {
      stop();
      return link.close();
    },
  };
}
