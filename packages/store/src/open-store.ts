import {
  openPostgresReader,
  openPostgresStore,
  type PostgresReaderOptions,
  type PostgresStoreOptions,
} from './postgres/open-postgres-store.ts';
import { openSqliteReader, openSqliteStore, type SqliteStoreOptions } from './sqlite/open-sqlite-store.ts';
import type { Store, StoreReader } from './store.ts';

/** Where a store is. */
export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

type OpenOptions = Omit<PostgresStoreOptions, 'url'> & Pick<SqliteStoreOptions, 'died'>;

/** For a server, alone. AppError of the engine: STORE_CORRUPT, STORE_UNREADABLE; STORE_UNREACHABLE, STORE_IN_USE. */
export function openStore(location: StoreLocation, options: OpenOptions = {}): Promise<Store> {
  if (location.kind === 'sqlite') return openSqliteStore({ path: location.path, ...options });
  return openPostgresStore({ url: location.url, ...options });
}

/** For somebody who only looks, also beside a running server. */
export function openStoreReader(
  location: StoreLocation,
  options: Omit<PostgresReaderOptions, 'url'> = {},
): Promise<StoreReader> {
  if (location.kind === 'sqlite') return openSqliteReader({ path: location.path, ...options });
  return openPostgresReader({ url: location.url, ...options });
}
