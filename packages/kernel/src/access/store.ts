import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';

export interface UserRow {
  id: string;
  name: string;
  /** The name as it is compared: no two users may differ in case alone. */
  name_folded: string;
  kind: 'local' | 'oidc';
  /** `issuer subject` of a user of single sign-on. */
  oidc_subject: string | null;
  password_hash: string | null;
  is_disabled: number;
  version: number;
  created_at: number;
  last_sign_in_at: number | null;
}

export interface RoleRow {
  name: string;
  description: string;
  /** JSON of Grant[]. */
  grants: string;
  version: number;
}

export interface SessionRow {
  id: string;
  user_id: string;
  secret_hash: string;
  created_at: number;
  used_at: number;
}

export interface TokenRow {
  id: string;
  user_id: string;
  name: string;
  secret_hash: string;
  /** JSON of role names; null: all of its owner's. */
  roles: string | null;
  created_at: number;
  expires_at: number | null;
  used_at: number | null;
}

export interface OidcLoginRow {
  state_hash: string;
  nonce: string;
  verifier: string;
  created_at: number;
}

interface Tables {
  access_user: UserRow;
  access_user_role: { user_id: string; role_name: string };
  access_role: RoleRow;
  access_session: SessionRow;
  access_token: TokenRow;
  access_setup_code: { code_hash: string; created_at: number };
  access_oidc_login: OidcLoginRow;
}

type Db = Kysely<Tables>;

/** Where to read or write: the store for committed state, a transaction to see its own changes. */
type Where = Store | Transaction;
const of = (where: Where): Db => where.as<Tables>();

export const foldName = (name: string): string => name.normalize('NFKC').toLowerCase();

export const userStore = {
  byId: (where: Where, id: string): Promise<UserRow | undefined> =>
    of(where).selectFrom('access_user').selectAll().where('id', '=', id).executeTakeFirst(),
  byName: (where: Where, name: string): Promise<UserRow | undefined> =>
    of(where)
      .selectFrom('access_user')
      .selectAll()
      .where('name_folded', '=', foldName(name))
      .executeTakeFirst(),
  findBySubject: (where: Where, subject: string): Promise<UserRow | undefined> =>
    of(where).selectFrom('access_user').selectAll().where('oidc_subject', '=', subject).executeTakeFirst(),
  page: (where: Where, after: string, limit: number): Promise<UserRow[]> =>
    of(where)
      .selectFrom('access_user')
      .selectAll()
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute(),
  insert: async (transaction: Transaction, row: UserRow): Promise<void> => {
    await of(transaction).insertInto('access_user').values(row).execute();
  },
  update: async (transaction: Transaction, id: string, changes: Partial<UserRow>): Promise<void> => {
    await of(transaction).updateTable('access_user').set(changes).where('id', '=', id).execute();
  },
  delete: async (transaction: Transaction, id: string): Promise<void> => {
    const db = of(transaction);
    await db.deleteFrom('access_session').where('user_id', '=', id).execute();
    await db.deleteFrom('access_token').where('user_id', '=', id).execute();
    await db.deleteFrom('access_user_role').where('user_id', '=', id).execute();
    await db.deleteFrom('access_user').where('id', '=', id).execute();
  },
  rolesOf: async (where: Where, userIds: readonly string[]): Promise<Map<string, string[]>> => {
    const roles = new Map<string, string[]>(userIds.map((id) => [id, []]));
    if (userIds.length === 0) return roles;
    const rows = await of(where)
      .selectFrom('access_user_role')
      .selectAll()
      .where('user_id', 'in', userIds)
      .orderBy('role_name')
      .execute();
    for (const row of rows) roles.get(row.user_id)?.push(row.role_name);
    return roles;
  },
  setRoles: async (transaction: Transaction, userId: string, roles: readonly string[]): Promise<void> => {
    const db = of(transaction);
    await db.deleteFrom('access_user_role').where('user_id', '=', userId).execute();
    const rows = [...new Set(roles)].map((role_name) => ({ user_id: userId, role_name }));
    if (rows.length > 0) await db.insertInto('access_user_role').values(rows).execute();
  },
  /** Users who can sign in and hold the role. */
  enabledHolders: (where: Where, role: string): Promise<UserRow[]> =>
    of(where)
      .selectFrom('access_user')
      .innerJoin('access_user_role', 'access_user_role.user_id', 'access_user.id')
      .selectAll('access_user')
      .where('role_name', '=', role)
      .where('is_disabled', '=', 0)
      .execute(),
  holderNames: async (where: Where, role: string, limit: number): Promise<string[]> => {
    const rows = await of(where)
      .selectFrom('access_user')
      .innerJoin('access_user_role', 'access_user_role.user_id', 'access_user.id')
      .select('access_user.name')
      .where('role_name', '=', role)
      .orderBy('access_user.name')
      .limit(limit)
      .execute();
    return rows.map((row) => row.name);
  },
};

export const roleStore = {
  all: (where: Where): Promise<RoleRow[]> =>
    of(where).selectFrom('access_role').selectAll().orderBy('name').execute(),
  insert: async (transaction: Transaction, row: RoleRow): Promise<void> => {
    await of(transaction).insertInto('access_role').values(row).execute();
  },
  update: async (transaction: Transaction, row: RoleRow): Promise<void> => {
    await of(transaction).updateTable('access_role').set(row).where('name', '=', row.name).execute();
  },
  delete: async (transaction: Transaction, name: string): Promise<void> => {
    await of(transaction).deleteFrom('access_role').where('name', '=', name).execute();
  },
};

export const sessionStore = {
  find: (where: Where, secretHash: string): Promise<SessionRow | undefined> =>
    of(where)
      .selectFrom('access_session')
      .selectAll()
      .where('secret_hash', '=', secretHash)
      .executeTakeFirst(),
  insert: async (transaction: Transaction, row: SessionRow): Promise<void> => {
    await of(transaction).insertInto('access_session').values(row).execute();
  },
  touch: async (transaction: Transaction, id: string, usedAt: number): Promise<void> => {
    await of(transaction)
      .updateTable('access_session')
      .set({ used_at: usedAt })
      .where('id', '=', id)
      .execute();
  },
  delete: async (transaction: Transaction, id: string): Promise<void> => {
    await of(transaction).deleteFrom('access_session').where('id', '=', id).execute();
  },
  deleteOf: async (transaction: Transaction, userId: string, exceptId: string | null): Promise<void> => {
    let query = of(transaction).deleteFrom('access_session').where('user_id', '=', userId);
    if (exceptId !== null) query = query.where('id', '!=', exceptId);
    await query.execute();
  },
  deleteOld: async (transaction: Transaction, createdBefore: number, usedBefore: number): Promise<void> => {
    await of(transaction)
      .deleteFrom('access_session')
      .where((is) => is.or([is('created_at', '<', createdBefore), is('used_at', '<', usedBefore)]))
      .execute();
  },
};

export const tokenStore = {
  findBySecret: (where: Where, secretHash: string): Promise<TokenRow | undefined> =>
    of(where).selectFrom('access_token').selectAll().where('secret_hash', '=', secretHash).executeTakeFirst(),
  find: (where: Where, id: string): Promise<TokenRow | undefined> =>
    of(where).selectFrom('access_token').selectAll().where('id', '=', id).executeTakeFirst(),
  page: (where: Where, page: { userId: string; after: string; limit: number }): Promise<TokenRow[]> =>
    of(where)
      .selectFrom('access_token')
      .selectAll()
      .where('user_id', '=', page.userId)
      .where('id', '>', page.after)
      .orderBy('id')
      .limit(page.limit)
      .execute(),
  insert: async (transaction: Transaction, row: TokenRow): Promise<void> => {
    await of(transaction).insertInto('access_token').values(row).execute();
  },
  touch: async (transaction: Transaction, id: string, usedAt: number): Promise<void> => {
    await of(transaction).updateTable('access_token').set({ used_at: usedAt }).where('id', '=', id).execute();
  },
  delete: async (transaction: Transaction, id: string): Promise<void> => {
    await of(transaction).deleteFrom('access_token').where('id', '=', id).execute();
  },
  count: async (transaction: Transaction, userId: string): Promise<number> => {
    const { count } = await of(transaction)
      .selectFrom('access_token')
      .select((eb) => eb.fn.countAll<number | string>().as('count'))
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow();
    return Number(count);
  },
  deleteExpired: async (transaction: Transaction, userId: string, now: number): Promise<void> => {
    await of(transaction)
      .deleteFrom('access_token')
      .where('user_id', '=', userId)
      .where('expires_at', '<=', now)
      .execute();
  },
};

export const setupStore = {
  has: async (where: Where, codeHash: string): Promise<boolean> =>
    (await of(where)
      .selectFrom('access_setup_code')
      .select('code_hash')
      .where('code_hash', '=', codeHash)
      .executeTakeFirst()) !== undefined,
  insert: async (transaction: Transaction, codeHash: string, createdAt: number): Promise<void> => {
    await of(transaction)
      .insertInto('access_setup_code')
      .values({ code_hash: codeHash, created_at: createdAt })
      .execute();
  },
  deleteAll: async (transaction: Transaction): Promise<void> => {
    await of(transaction).deleteFrom('access_setup_code').execute();
  },
};

export const oidcLoginStore = {
  insert: async (transaction: Transaction, row: OidcLoginRow): Promise<void> => {
    await of(transaction).insertInto('access_oidc_login').values(row).execute();
  },
  /** Takes it out: a state serves once. */
  take: async (transaction: Transaction, stateHash: string): Promise<OidcLoginRow | undefined> => {
    const row = await of(transaction)
      .selectFrom('access_oidc_login')
      .selectAll()
      .where('state_hash', '=', stateHash)
      .executeTakeFirst();
    await of(transaction).deleteFrom('access_oidc_login').where('state_hash', '=', stateHash).execute();
    return row;
  },
  deleteOld: async (transaction: Transaction, createdBefore: number): Promise<void> => {
    await of(transaction).deleteFrom('access_oidc_login').where('created_at', '<', createdBefore).execute();
  },
};
