import { systemClock } from '@pilothouse/base';
import { SerialStore, type StoreEngine } from '../serial-store.ts';
import type { Store } from '../store.ts';
import { SqliteConnection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';

/**
 * SQLite in memory on the caller's own thread: nothing survives and everything blocks, so this is for simulations alone.
 * Every statement has its answer within the same turn of the event loop, which makes runs repeat exactly.
 */
export function openInlineStore(image?: Uint8Array): Store {
  const connection = openConnection();
  if (image !== undefined) connection.become(image);
  return storeOver(connection);
}

/** What a store looks like after these migrations: thousands of worlds that begin with it need not run them again. */
export async function migratedImage(sets: Parameters<Store['migrate']>[0]): Promise<Uint8Array> {
  const connection = openConnection();
  const store = storeOver(connection);
  await store.migrate(sets);
  const image = connection.image();
  await store.close();
  return image;
}

const openConnection = (): SqliteConnection =>
  new SqliteConnection({ path: ':memory:', role: 'writer', isDurable: false, isChecked: false });

const storeOver = (connection: SqliteConnection): Store =>
  new SerialStore({ engine: inlineEngine(connection), log: undefined, clock: systemClock });

function inlineEngine(connection: SqliteConnection): StoreEngine {
  let serial = 0;
  let open: Promise<void> | null = null;
  return {
    name: 'sqlite',
    dialect: sqliteDialect,
    // One connection: who reads what is committed waits until nothing else is.
    async read(sql, parameters) {
      while (open !== null) await open;
      return connection.perform({ kind: 'run', id: 0, transaction: null, sql, parameters });
    },
    begin() {
      serial += 1;
      const transaction = serial;
      let finish = (): void => undefined;
      open = new Promise((resolve) => {
        finish = resolve;
      });
      const leave = (kind: 'commit' | 'rollback') => async (): Promise<void> => {
        connection.perform({ kind, id: 0, transaction });
        open = null;
        finish();
      };
      return {
        run: async (sql, parameters) =>
          connection.perform({ kind: 'run', id: 0, transaction, sql, parameters }),
        commit: leave('commit'),
        rollback: leave('rollback'),
      };
    },
    refusal: () => null,
    onRefusal: () => undefined,
    close: async () => void connection.perform({ kind: 'close', id: 0 }),
  };
}
