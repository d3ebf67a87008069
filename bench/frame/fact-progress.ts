import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { inventoryFacts } from '@pilothouse/plugin-inventory/contract';
import type { Stage } from './stage.ts';

/** Looking is work on the same cores. */
const LOOK_INTERVAL_MS = 400;

/** Until so many hosts have said every fact of the inventory plugin, and the store lacks no body of them. */
export async function untilSaid(stage: Stage, hosts: number): Promise<void> {
  const deadline = Date.now() + 600_000;
  while (openSpans(stage) < hosts * inventoryFacts.length || missingBodies(stage) > 0) {
    if (Date.now() > deadline) throw new Error(`not all facts of ${hosts} hosts came within ten minutes`);
    await delay(LOOK_INTERVAL_MS);
  }
}

const openSpans = (stage: Stage): number =>
  readStore(stage, (database) =>
    Number(database.prepare('SELECT count(*) AS n FROM facts_span WHERE until IS NULL').get()?.['n']),
  );

/** The store file itself, read beside the server: what is committed. */
function readStore<T>({ dataDirectory }: Stage, read: (database: DatabaseSync) => T): T {
  const name = readdirSync(dataDirectory).find((file) => file.endsWith('.db'));
  if (name === undefined) throw new Error(`no store in ${dataDirectory}`);
  const database = new DatabaseSync(join(dataDirectory, name), { readOnly: true, timeout: 5_000 });
  try {
    return read(database);
  } finally {
    database.close();
  }
}

/** Contents that a host has and the store lacks. */
function missingBodies(stage: Stage): number {
  return readStore(stage, (database) =>
    Number(
      database
        .prepare(
          `SELECT count(*) AS missing FROM (SELECT DISTINCT digest, fact FROM facts_span
           WHERE until IS NULL AND digest IS NOT NULL) AS said
           LEFT JOIN facts_body USING (digest, fact) WHERE facts_body.digest IS NULL`,
        )
        .get()?.['missing'],
    ),
  );
}

export interface StoredFacts {
  /** Pages in use, without what the write-ahead log holds. */
  readonly storeBytes: number;
  readonly bodies: number;
  readonly bodyBytes: number;
  readonly spans: number;
}

export function storedFacts(stage: Stage): StoredFacts {
  return readStore(stage, (database) => {
    const one = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0);
    return {
      storeBytes: (one('PRAGMA page_count') - one('PRAGMA freelist_count')) * one('PRAGMA page_size'),
      bodies: one('SELECT count(*) FROM facts_body'),
      bodyBytes: one('SELECT sum(length(body)) FROM facts_body'),
      spans: one('SELECT count(*) FROM facts_span'),
    };
  });
}
