import type { Digest } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';

export interface KeyRow {
  id: string;
  public_key: string;
  owner_id: string;
  owner: string;
  name: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
}

export interface SignatureRow {
  /** Digest of a plan or of a mandate's text. */
  subject: string;
  key_id: string;
  value: string;
  given_at: number;
}

interface KeyTables {
  authority_key: KeyRow;
  authority_challenge: { nonce: string; owner_id: string; expires_at: number };
  authority_signature: SignatureRow;
}

type Source = Store | Transaction;
const tables = (source: Source): Kysely<KeyTables> => source.as<KeyTables>();

export const keyStore = {
  find: (source: Source, id: string): Promise<KeyRow | undefined> =>
    tables(source).selectFrom('authority_key').selectAll().where('id', '=', id).executeTakeFirst(),

  page(source: Source, page: { owner: string | null; after: string; limit: number }): Promise<KeyRow[]> {
    let select = tables(source).selectFrom('authority_key').selectAll().where('id', '>', page.after);
    if (page.owner !== null) select = select.where('owner', '=', page.owner);
    return select.orderBy('id').limit(page.limit).execute();
  },

  async goodCount(source: Source, ownerId: string, nowMs: number): Promise<number> {
    const rows = await tables(source)
      .selectFrom('authority_key')
      .select('id')
      .where('owner_id', '=', ownerId)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', nowMs)
      .execute();
    return rows.length;
  },

  async insert(transaction: Transaction, row: KeyRow): Promise<void> {
    await tables(transaction).insertInto('authority_key').values(row).execute();
  },

  async revoke(transaction: Transaction, id: string, atMs: number): Promise<void> {
    await tables(transaction)
      .updateTable('authority_key')
      .set({ revoked_at: atMs })
      .where('id', '=', id)
      .execute();
  },
};

export const challengeStore = {
  /** Drops those that are over on the way. */
  async insert(
    transaction: Transaction,
    row: { nonce: string; owner_id: string; expires_at: number },
    nowMs: number,
  ): Promise<void> {
    const db = tables(transaction);
    await db.deleteFrom('authority_challenge').where('expires_at', '<', nowMs).execute();
    // One at a time: whoever asks again starts again.
    await db.deleteFrom('authority_challenge').where('owner_id', '=', row.owner_id).execute();
    await db.insertInto('authority_challenge').values(row).execute();
  },

  /** True when it was this person's and still good; it is gone then. */
  async take(
    transaction: Transaction,
    challenge: { nonce: string; ownerId: string; nowMs: number },
  ): Promise<boolean> {
    const db = tables(transaction);
    const row = await db
      .selectFrom('authority_challenge')
      .selectAll()
      .where('nonce', '=', challenge.nonce)
      .where('owner_id', '=', challenge.ownerId)
      .executeTakeFirst();
    if (row === undefined || Number(row.expires_at) < challenge.nowMs) return false;
    await db.deleteFrom('authority_challenge').where('nonce', '=', challenge.nonce).execute();
    return true;
  },
};

/** A signature beside the key that made it. */
export type SignatureWithKey = SignatureRow &
  Pick<KeyRow, 'owner_id' | 'owner' | 'expires_at' | 'revoked_at'>;

export const signatureStore = {
  of: (source: Source, subject: Digest): Promise<SignatureWithKey[]> =>
    tables(source)
      .selectFrom('authority_signature')
      .innerJoin('authority_key', 'authority_key.id', 'authority_signature.key_id')
      .select(['subject', 'key_id', 'value', 'given_at', 'owner_id', 'owner', 'expires_at', 'revoked_at'])
      .where('subject', '=', subject)
      .orderBy('given_at')
      .orderBy('key_id')
      .execute(),

  /** What a key has signed. */
  async by(source: Source, keyId: string): Promise<Digest[]> {
    const rows = await tables(source)
      .selectFrom('authority_signature')
      .select('subject')
      .where('key_id', '=', keyId)
      .execute();
    return rows.map(({ subject }) => subject);
  },

  async put(transaction: Transaction, row: SignatureRow): Promise<void> {
    await tables(transaction)
      .insertInto('authority_signature')
      .values(row)
      .onConflict((conflict) =>
        conflict.columns(['subject', 'key_id']).doUpdateSet({ value: row.value, given_at: row.given_at }),
      )
      .execute();
  },

  async deleteBefore(transaction: Transaction, beforeMs: number): Promise<void> {
    await tables(transaction).deleteFrom('authority_signature').where('given_at', '<', beforeMs).execute();
  },
};
