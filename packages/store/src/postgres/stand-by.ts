/**
 * Waiting for one's turn to write.
 *
 * Problem: of several servers over one database one writes. When its machine vanishes without a word (a black hole, not a
 * closed connection), the database goes on believing in its session, and the lock stays where nobody is.
 *
 * Rule: whoever writes with others standing by says something every second (writer.ts), and the database itself remembers
 * when that was. Those who stand by look several times a second: no holder, and they may try; a holder that is idle and has
 * been silent for SILENT_SECONDS is ended by them. From that moment it can commit nothing, whatever it believes. All times
 * are those of the database, so that no two clocks are compared.
 *
 * Limits: a holder in the middle of a long statement is not ended for it; when its machine is gone, the database's own
 * checks of the connection end it. A holder that does not promise to speak (one server alone) is never ended: STORE_IN_USE.
 */
import { AppError } from '@pilothouse/contract';
import type { PostgresConnection } from './connection.ts';
import { PostgresLink } from './link.ts';
import { LEADER, linkOptions, type PostgresStoreOptions } from './open-postgres-store.ts';
import { inTime } from './reader.ts';
import { SILENT_MS } from './watch.ts';
import { LOCK_CLASS } from './writer.ts';

/** Half of the ten seconds in which another has to have taken over; the rest is its start. */
const SILENT_SECONDS = 5;
const LOOK_MS = 250;

export interface StandByOptions extends Pick<PostgresStoreOptions, 'url' | 'log' | 'clock' | 'random'> {
  readonly signal: AbortSignal;
  /** Somebody writes: who, as it calls itself. Told once. */
  readonly waiting: (holder: string) => void;
}

interface Holder {
  readonly pid: number;
  readonly name: string;
  readonly is_silent: number;
}

/**
 * Resolves when nobody writes, true; or when the signal is given, false. AppError STORE_UNREACHABLE, and STORE_IN_USE when
 * a server holds the store that gives it to nobody.
 */
export async function standBy(options: StandByOptions): Promise<boolean> {
  const { signal } = options;
  const parts = linkOptions(options);
  const link = await PostgresLink.open({ ...parts, prepare: async () => undefined });
  const stop = (): void => void link.close();
  signal.addEventListener('abort', stop, { once: true });
  let isTold = false;
  try {
    while (!signal.aborted) {
      const connection = await link.whenOpen();
      // The database may have gone with the machine of the leader, and its successor be at the same address.
      const looked = inTime(connection, { ...parts, answerWithinMs: SILENT_MS }, look(connection));
      const found = await looked.catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'STORE_AWAY') return undefined;
        throw error;
      });
      if (found === null) return true;
      if (found !== undefined && !found.name.startsWith(LEADER))
        throw new AppError('STORE_IN_USE', { place: parts.place, who: found.name });
      if (found !== undefined && !isTold) options.waiting(found.name);
      isTold ||= found !== undefined;
      if (found?.is_silent === 1) parts.log?.warn('a leader was silent and is ended', { holder: found.name });
      await new Promise<void>((resolve) => {
        parts.clock.after(LOOK_MS, resolve);
      });
    }
    return false;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await link.close();
  }
}

/** Who writes, or null; whoever has been silent for too long is ended by the same statement. */
async function look(connection: PostgresConnection): Promise<Holder | null> {
  const { rows } = await connection.perform(`
    WITH holder AS (
      SELECT a.pid, a.application_name || ' at ' || coalesce(host(a.client_addr), 'this machine') AS name,
        (a.application_name LIKE '${LEADER}%' AND a.state <> 'active' AND
          clock_timestamp() - greatest(a.state_change, a.query_start) > interval '${SILENT_SECONDS} seconds') AS silent
      FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.classid = ${LOCK_CLASS}
        AND l.objid::bigint = (hashtext(current_schema())::bigint & 4294967295)
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    SELECT pid, name, (CASE WHEN silent THEN pg_terminate_backend(pid) ELSE false END) AS is_silent FROM holder`);
  // The columns of the statement above.
  return (rows as readonly Holder[])[0] ?? null;
}
