import type { Kysely } from 'kysely';
import type { StoreLocation } from '../open-store.ts';
import { openPostgresSnapshot } from '../postgres/open-postgres-store.ts';
import { openSqliteSnapshot } from '../sqlite/open-sqlite-store.ts';
import type { Store } from '../store.ts';

/** The whole store as it was at one moment, while a server goes on writing to it. */
export interface Snapshot {
  readonly engine: Store['engine'];
  as<Tables>(): Kysely<Tables>;
  close(): Promise<void>;
}

/** AppError STORE_CORRUPT, STORE_UNREADABLE, STORE_UNREACHABLE. */
export function openSnapshot(location: StoreLocation): Promise<Snapshot> {
  if (location.kind === 'sqlite') return openSqliteSnapshot(location.path);
  return openPostgresSnapshot(location.url);
}
