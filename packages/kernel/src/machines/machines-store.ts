import type { Store, StoreReader, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';

interface LeaderTable {
  name: string;
  /** host:port of the door for fronts of other machines. */
  address: string;
  /** One more with each that leads. */
  term: number;
  since: number;
}

interface MachinesTables {
  machines_leader: LeaderTable;
  machines_key: { name: string; sealed: string; changed_at: number };
}

export type LeaderRow = Omit<LeaderTable, 'name'>;

type Source = Store | StoreReader | Transaction;
const tables = (source: Source): Kysely<MachinesTables> => source.as<MachinesTables>();
/** There is one row. */
const LEADER = 'leader';

/** The SQL of this room: who leads, and keys as they are sealed. */
export const machinesStore = {
  async leader(source: Source): Promise<LeaderRow | null> {
    const row = await tables(source)
      .selectFrom('machines_leader')
      .selectAll()
      .where('name', '=', LEADER)
      .executeTakeFirst();
    if (row === undefined) return null;
    return { address: row.address, term: Number(row.term), since: Number(row.since) };
  },

  async setLeader(transaction: Transaction, row: LeaderRow): Promise<void> {
    await tables(transaction)
      .insertInto('machines_leader')
      .values({ name: LEADER, ...row })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute();
  },

  async hasKeys(source: Source): Promise<boolean> {
    const row = await tables(source).selectFrom('machines_key').select('name').limit(1).executeTakeFirst();
    return row !== undefined;
  },

  async key(source: Source, name: string): Promise<string | null> {
    const row = await tables(source)
      .selectFrom('machines_key')
      .select('sealed')
      .where('name', '=', name)
      .executeTakeFirst();
    return row?.sealed ?? null;
  },

  async setKey(
    transaction: Transaction,
    row: { readonly name: string; readonly sealed: string; readonly changedAt: number },
  ): Promise<void> {
    const { name, sealed, changedAt } = row;
    await tables(transaction)
      .insertInto('machines_key')
      .values({ name, sealed, changed_at: changedAt })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ sealed, changed_at: changedAt }))
      .execute();
  },

  async removeKey(transaction: Transaction, name: string): Promise<void> {
    await tables(transaction).deleteFrom('machines_key').where('name', '=', name).execute();
  },

  /** False for a store that only earlier versions have opened. */
  async isThere(source: Pick<StoreReader, 'as'>): Promise<boolean> {
    const found = await source.as<MachinesTables>().introspection.getTables();
    return found.some(({ name }) => name === 'machines_key');
  },
};
