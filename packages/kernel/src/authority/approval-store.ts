import { ApprovalRules, type Digest } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';

export interface ApprovalRow {
  plan_digest: string;
  person_id: string;
  person: string;
  given_at: number;
  comment: string;
}

interface ApprovalTables {
  authority_approval: ApprovalRow;
  authority_rules: { name: string; body: string; version: number };
}

type Source = Store | Transaction;
const tables = (source: Source): Kysely<ApprovalTables> => source.as<ApprovalTables>();
const APPROVALS = 'approvals';

/** Where a page of approvals begins: after this one. */
export type ApprovalPlace = Pick<ApprovalRow, 'given_at' | 'plan_digest' | 'person_id'>;

export const approvalStore = {
  of: (source: Source, planDigest: Digest): Promise<ApprovalRow[]> =>
    tables(source)
      .selectFrom('authority_approval')
      .selectAll()
      .where('plan_digest', '=', planDigest)
      .orderBy('given_at')
      .orderBy('person_id')
      .execute(),

  /** Newest first. */
  page(source: Source, after: ApprovalPlace | null, limit: number): Promise<ApprovalRow[]> {
    let select = tables(source).selectFrom('authority_approval').selectAll();
    if (after !== null)
      select = select.where((where) =>
        where.or([
          where('given_at', '<', after.given_at),
          where.and([where('given_at', '=', after.given_at), where('plan_digest', '<', after.plan_digest)]),
          where.and([
            where('given_at', '=', after.given_at),
            where('plan_digest', '=', after.plan_digest),
            where('person_id', '<', after.person_id),
          ]),
        ]),
      );
    return select
      .orderBy('given_at', 'desc')
      .orderBy('plan_digest', 'desc')
      .orderBy('person_id', 'desc')
      .limit(limit)
      .execute();
  },

  async insert(transaction: Transaction, row: ApprovalRow): Promise<void> {
    await tables(transaction).insertInto('authority_approval').values(row).execute();
  },

  async delete(transaction: Transaction, planDigest: Digest, personId: string): Promise<void> {
    await tables(transaction)
      .deleteFrom('authority_approval')
      .where('plan_digest', '=', planDigest)
      .where('person_id', '=', personId)
      .execute();
  },

  async deleteBefore(transaction: Transaction, beforeMs: number): Promise<void> {
    await tables(transaction).deleteFrom('authority_approval').where('given_at', '<', beforeMs).execute();
  },
};

const NO_RULES: ApprovalRules = { read: 0, reversible: 0, disruptive: 0, destructive: 0, arbitrary: 0 };

export interface StoredRules {
  readonly rules: ApprovalRules;
  /** 0: nobody has set any. */
  readonly version: number;
}

export const ruleStore = {
  async read(source: Source): Promise<StoredRules> {
    const row = await tables(source)
      .selectFrom('authority_rules')
      .selectAll()
      .where('name', '=', APPROVALS)
      .executeTakeFirst();
    if (row === undefined) return { rules: NO_RULES, version: 0 };
    return { rules: ApprovalRules.parse(JSON.parse(row.body)), version: Number(row.version) };
  },

  async write(transaction: Transaction, { rules, version }: StoredRules): Promise<void> {
    const body = JSON.stringify(rules);
    await tables(transaction)
      .insertInto('authority_rules')
      .values({ name: APPROVALS, body, version })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ body, version }))
      .execute();
  },
};
