import type { Kysely } from 'kysely';

/** A schema change. Forward only; `id` is `0001-what-it-does`, unique and in order within its owner. */
export interface Migration {
  readonly id: string;
  readonly up: (db: Kysely<never>) => Promise<void>;
}

/** Who owns which tables: `kernel.hosts`, `plugin.commands`. An owner writes only tables with its prefix. */
export interface MigrationSet {
  readonly owner: string;
  readonly tablePrefix: string;
  readonly migrations: readonly Migration[];
}

/** One transaction, handed from room to room, each seeing its own tables through `as`. */
export interface Transaction {
  as<Tables>(): Kysely<Tables>;
  /** Runs once the commit is durable, in order; never when it was rolled back. For caches, sockets and listeners. */
  afterCommit(run: () => void): void;
}

/** The database of an installation. Knows no table. */
export interface Store {
  readonly engine: 'sqlite' | 'postgres';
  /** For reading outside a transaction: sees what is committed. */
  as<Tables>(): Kysely<Tables>;
  /** All or nothing and durable on return. Transactions run one after another; keep them short and free of waiting. */
  transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  migrate(sets: readonly MigrationSet[]): Promise<void>;
  close(): Promise<void>;
}

/** The half of a store that cannot change it. */
export type StoreReader = Pick<Store, 'as' | 'close'>;

/** What the store says when nobody is waiting for an answer. The kernel's log fits. */
export interface StoreLog {
  warn(text: string, fields?: Readonly<Record<string, unknown>>): void;
  error(text: string, fields?: Readonly<Record<string, unknown>>): void;
}
