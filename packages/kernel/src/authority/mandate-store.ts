import type { Digest } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';
import type { SignatureRow } from './key-store.ts';

export interface MandateRow {
  id: string;
  /** The exact text that was signed. */
  body: string;
  created_at: number;
  revoked_at: number | null;
}

interface MandateTables {
  authority_mandate: MandateRow;
  authority_plan_mandate: { plan_digest: string; mandate_id: string; used_at: number };
  authority_signature: Pick<SignatureRow, 'subject' | 'key_id'>;
}

type Source = Store | Transaction;
const tables = (source: Source): Kysely<MandateTables> => source.as<MandateTables>();

export const mandateStore = {
  find: (source: Source, id: Digest): Promise<MandateRow | undefined> =>
    tables(source).selectFrom('authority_mandate').selectAll().where('id', '=', id).executeTakeFirst(),

  /** Newest first. */
  page(
    source: Source,
    after: Pick<MandateRow, 'created_at' | 'id'> | null,
    limit: number,
  ): Promise<MandateRow[]> {
    let select = tables(source).selectFrom('authority_mandate').selectAll();
    if (after !== null)
      select = select.where((where) =>
        where.or([
          where('created_at', '<', after.created_at),
          where.and([where('created_at', '=', after.created_at), where('id', '<', after.id)]),
        ]),
      );
    return select.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  },

  async insert(transaction: Transaction, row: MandateRow): Promise<void> {
    await tables(transaction)
      .insertInto('authority_mandate')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  },

  async revoke(transaction: Transaction, id: Digest, atMs: number): Promise<void> {
    await tables(transaction)
      .updateTable('authority_mandate')
      .set({ revoked_at: atMs })
      .where('id', '=', id)
      .execute();
  },

  /** The mandate that a plan runs under. */
  ofPlan: (source: Source, planDigest: Digest): Promise<MandateRow | undefined> =>
    tables(source)
      .selectFrom('authority_plan_mandate')
      .innerJoin('authority_mandate', 'authority_mandate.id', 'authority_plan_mandate.mandate_id')
      .select(['id', 'body', 'created_at', 'revoked_at'])
      .where('plan_digest', '=', planDigest)
      .executeTakeFirst(),

  /** Plans that run under a mandate. */
  async plansUnder(source: Source, id: Digest): Promise<Digest[]> {
    const rows = await tables(source)
      .selectFrom('authority_plan_mandate')
      .select('plan_digest')
      .where('mandate_id', '=', id)
      .execute();
    return rows.map(({ plan_digest }) => plan_digest);
  },

  /** Plans that run under a mandate which the key signed. */
  async plansBySigner(source: Source, keyId: string): Promise<Digest[]> {
    const rows = await tables(source)
      .selectFrom('authority_plan_mandate')
      .innerJoin('authority_signature', 'subject', 'mandate_id')
      .select('plan_digest')
      .where('key_id', '=', keyId)
      .execute();
    return rows.map(({ plan_digest }) => plan_digest);
  },

  async use(
    transaction: Transaction,
    use: { plan_digest: Digest; mandate_id: Digest; used_at: number },
  ): Promise<void> {
    const { mandate_id, used_at } = use;
    await tables(transaction)
      .insertInto('authority_plan_mandate')
      .values(use)
      .onConflict((conflict) => conflict.column('plan_digest').doUpdateSet({ mandate_id, used_at }))
      .execute();
  },

  async deleteUsesBefore(transaction: Transaction, beforeMs: number): Promise<void> {
    await tables(transaction).deleteFrom('authority_plan_mandate').where('used_at', '<', beforeMs).execute();
  },
};
