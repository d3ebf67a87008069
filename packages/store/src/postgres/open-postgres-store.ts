/**
 * The store in PostgreSQL 15 or later.
 *
 * Problem: an installation outgrows one machine's disk, or its people run, watch and back up PostgreSQL already. Everything
 * above the store was written against one writer.
 *
 * Rule: one connection writes, transactions one after another, exactly as in the embedded store (writer.ts says how it is
 * kept the only one and what becomes of a commit that nobody answered); a few connections read what is committed and cannot
 * write. Values and the order of text are made to mean the same on both engines (values.ts, dialect.ts), and one
 * conformance suite holds both to it. A commit is answered after the database says that it is durable.
 *
 * Limits: while the database is away, requests are refused with STORE_AWAY after AWAY_GRACE_MS; while it hangs (watch.ts), ten
 * seconds later. Text with a NUL character is
 * refused by the database.
 */
import { hostname } from 'node:os';
import { type Clock, systemClock } from '@pilothouse/base';
import type { Kysely } from 'kysely';
import { kyselyOver } from '../kysely-over.ts';
import { SerialStore } from '../serial-store.ts';
import type { Store, StoreLog, StoreReader } from '../store.ts';
import { PostgresConnection } from './connection.ts';
import { postgresDialect } from './dialect.ts';
import { openFailure } from './failure.ts';
import { placeOf } from './place.ts';
import { openReaders } from './reader.ts';
import { watchDatabase } from './watch.ts';
import { openWriter } from './writer.ts';

/** How sessions name themselves to the database; those of a writer that says again and again that it lives are told apart. */
const SERVER = 'pilothouse-server';
export const LEADER = 'pilothouse-leader';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database?sslmode=verify-full`, or `postgres:///database?host=/run/postgresql`. */
  readonly url: string;
  readonly log?: StoreLog;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Servers of other machines stand by to take its place (stand-by.ts); absent: it is alone. */
  readonly isWatched?: boolean;
  /** Another server has taken over, at once when that is known: whoever asked must hear nothing more from this one. */
  readonly taken?: () => void;
}

/** For somebody who only looks. */
export interface PostgresReaderOptions extends Omit<PostgresStoreOptions, 'isWatched' | 'taken'> {
  /** How many reads run side by side; absent: as many as for a server. */
  readonly connections?: number;
  /**
   * A connection that takes longer over a read is given up: for small reads of somebody who waits for nothing else, since
   * the system believes for a quarter of an hour in a machine that has vanished. Absent: they may take their time.
   */
  readonly answerWithinMs?: number;
}

/** AppError STORE_UNREACHABLE, STORE_IN_USE. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const link = linkOptions(options);
  const { log, clock } = link;
  const { isWatched = false, taken } = options;
  const applicationName = isWatched ? link.applicationName.replace(SERVER, LEADER) : link.applicationName;
  const writer = await openWriter({ ...link, applicationName, isWatched });
  // Asked before anybody else, so that it is the first to know.
  writer.onRefusal((refusal) => {
    if (refusal.code === 'STORE_TAKEN') taken?.();
  });
  try {
    const readers = await openReaders(link);
    const watch = await watchDatabase(link, (cause) => {
      readers.giveUp(cause);
      writer.giveUp(cause);
    }).catch(async (error: unknown) => {
      await readers.close();
      throw error;
    });
    const engine = {
      name: 'postgres',
      dialect: postgresDialect,
      read: readers.run,
      begin: () => writer.begin(),
      refusal: () => writer.refusal(),
      onRefusal: (listener: Parameters<typeof writer.onRefusal>[0]) => writer.onRefusal(listener),
      claimed: (owner: string) => writer.claimed(owner),
      async close() {
        await watch.close();
        await readers.close();
        await writer.close();
      },
    } as const;
    return new SerialStore({ engine, log, clock });
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** Somebody who only looks, also beside a running server. AppError STORE_UNREACHABLE. */
export async function openPostgresReader(options: PostgresReaderOptions): Promise<StoreReader> {
  const { connections, answerWithinMs } = options;
  const readers = await openReaders({ ...linkOptions(options), connections, answerWithinMs });
  const reads = kyselyOver(postgresDialect, readers.run);
  return {
    // Which tables a reader sees is a matter of types alone; the connection is the same.
    as: <Tables>() => reads as Kysely<Tables>,
    close: () => readers.close(),
  };
}

/** One connection that sees one moment. AppError STORE_UNREACHABLE. */
export async function openPostgresSnapshot(url: string) {
  const options = linkOptions({ url });
  const connection = await PostgresConnection.open(options, () => undefined).catch((error: unknown) => {
    throw openFailure(options.place, error);
  });
  await connection.perform('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const reads = kyselyOver(postgresDialect, (sql, parameters) => connection.run(sql, parameters));
  return {
    engine: 'postgres',
    // Which tables a reader sees is a matter of types alone; the connection is the same.
    as: <Tables>() => reads as Kysely<Tables>,
    close: () => connection.close(),
  } as const;
}

export function linkOptions({
  url,
  log,
  clock = systemClock,
  random = Math.random,
}: Pick<PostgresStoreOptions, 'url' | 'log' | 'clock' | 'random'>) {
  const applicationName = `${SERVER} ${hostname()} ${process.pid}`;
  return { url, place: placeOf(url), applicationName, clock, random, log };
}
