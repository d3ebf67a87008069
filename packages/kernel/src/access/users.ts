import { newId } from '@pilothouse/base';
import { AppError, type Page, type PageQuery, toTimestamp, type User } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import { cutPage, heldText, readCursor } from '../page-cursor.ts';
import { type AccessParts, type Doer, requireSameVersion } from './access-deps.ts';
import { ADMINISTRATOR } from './built-in-roles.ts';
import { requireStrongPassword } from './passwords.ts';
import { requireCovered } from './require-covered.ts';
import { foldName, sessionStore, type UserRow, userStore } from './store.ts';

export interface NewUser {
  readonly name: string;
  readonly password: string;
  readonly roles: readonly string[];
}

export interface UserChanges {
  readonly roles?: readonly string[] | undefined;
  readonly password?: string | undefined;
  readonly isDisabled?: boolean | undefined;
}

/** People who can sign in. */
export interface Users {
  page(query: PageQuery): Promise<Page<User>>;
  get(idOrName: string): Promise<User>;
  create(doer: Doer, user: NewUser): Promise<User>;
  update(doer: Doer, idOrName: string, change: UserChanges & { ifMatch: string | null }): Promise<User>;
  delete(doer: Doer, idOrName: string, ifMatch: string | null): Promise<void>;
}

export function createUsers(parts: AccessParts): Users {
  const { store } = parts.context;
  return {
    async page(query) {
      const after = readCursor(query.cursor, heldText) ?? '';
      const rows = await userStore.page(store, after, query.limit + 1);
      const page = cutPage(rows, query.limit, ({ id }) => id);
      const roles = await userStore.rolesOf(
        store,
        page.items.map((row) => row.id),
      );
      return { ...page, items: page.items.map((row) => userOf(row, roles.get(row.id) ?? [])) };
    },
    async get(idOrName) {
      return readUser(store, await findUser(store, idOrName));
    },
    async create(doer, user) {
      requireStrongPassword(user.name, user.password);
      requireRoles(parts, user.roles);
      requireCoveredRoles(parts, doer, user.roles);
      const passwordHash = await parts.passwords.hash(user.password);
      return store.transaction(async (transaction) => {
        // Asked again inside: a role may have gone, or be another, while the password was hashed.
        requireRoles(parts, user.roles);
        requireCoveredRoles(parts, doer, user.roles);
        const row = newUserRow(parts, { name: user.name, password_hash: passwordHash });
        await insertUser(transaction, row, user.roles);
        const details = { roles: [...user.roles] };
        await record(parts, transaction, { doer, action: 'user.created', row, details });
        return userOf(row, user.roles);
      });
    },
    update: (doer, idOrName, change) => updateUser(parts, doer, idOrName, change),
    delete: (doer, idOrName, ifMatch) =>
      store.transaction(async (transaction) => {
        const row = await findUser(transaction, idOrName);
        const user = await readUser(transaction, row);
        requireSameVersion({ what: 'user', id: row.name, etag: user.etag, ifMatch });
        requireCoveredRoles(parts, doer, user.roles);
        await requireAnotherAdministrator(transaction, row);
        await userStore.delete(transaction, row.id);
        await record(parts, transaction, { doer, action: 'user.deleted', row, details: {} });
      }),
  };
}

async function updateUser(
  parts: AccessParts,
  doer: Doer,
  idOrName: string,
  change: UserChanges & { ifMatch: string | null },
): Promise<User> {
  const { store } = parts.context;
  const before = await findUser(store, idOrName);
  if (change.password !== undefined) requireStrongPassword(before.name, change.password);
  if (change.roles !== undefined) requireRoles(parts, change.roles);
  // Hashed before the transaction: nothing else can be written while one is open.
  const passwordHash = change.password === undefined ? null : await parts.passwords.hash(change.password);
  return store.transaction(async (transaction) => {
    const row = await findUser(transaction, before.id);
    const user = await readUser(transaction, row);
    requireSameVersion({ what: 'user', id: row.name, etag: user.etag, ifMatch: change.ifMatch });
    if (change.roles !== undefined) requireRoles(parts, change.roles);
    // Both what the user has and what the user gets: a new password for an administrator is the administrator's power.
    requireCoveredRoles(parts, doer, [...user.roles, ...(change.roles ?? [])]);
    const isDisabled = change.isDisabled ?? row.is_disabled === 1;
    const roles = change.roles ?? user.roles;
    if (isDisabled || !roles.includes(ADMINISTRATOR)) await requireAnotherAdministrator(transaction, row);
    const changes = {
      is_disabled: isDisabled ? 1 : 0,
      version: row.version + 1,
      ...(passwordHash === null ? {} : { password_hash: passwordHash }),
    };
    await userStore.update(transaction, row.id, changes);
    if (change.roles !== undefined) await userStore.setRoles(transaction, row.id, roles);
    if (isDisabled || passwordHash !== null) await sessionStore.deleteOf(transaction, row.id, null);
    const details = {
      ...(change.roles === undefined ? {} : { roles: [...roles], rolesBefore: user.roles }),
      ...(change.isDisabled === undefined ? {} : { isDisabled }),
      ...(passwordHash === null ? {} : { isPasswordNew: true }),
    };
    await record(parts, transaction, { doer, action: 'user.changed', row, details });
    return userOf({ ...row, ...changes }, roles);
  });
}

export async function findUser(where: Store | Transaction, idOrName: string): Promise<UserRow> {
  const row = (await userStore.byId(where, idOrName)) ?? (await userStore.byName(where, idOrName));
  if (row === undefined) throw new AppError('NOT_FOUND', { what: 'user', id: idOrName });
  return row;
}

export async function readUser(where: Store | Transaction, row: UserRow): Promise<User> {
  const roles = await userStore.rolesOf(where, [row.id]);
  return userOf(row, roles.get(row.id) ?? []);
}

export const userOf = (row: UserRow, roles: readonly string[]): User => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  roles: [...roles],
  isDisabled: row.is_disabled === 1,
  createdAt: toTimestamp(row.created_at),
  lastSignInAt: row.last_sign_in_at === null ? null : toTimestamp(row.last_sign_in_at),
  etag: String(row.version),
});

export function newUserRow(
  parts: AccessParts,
  user: Pick<UserRow, 'name'> & Partial<Pick<UserRow, 'password_hash' | 'oidc_subject' | 'kind'>>,
): UserRow {
  return {
    id: newId('u', parts.context.ids),
    name_folded: foldName(user.name),
    kind: 'local',
    oidc_subject: null,
    password_hash: null,
    is_disabled: 0,
    version: 1,
    created_at: parts.context.clock.now(),
    last_sign_in_at: null,
    ...user,
  };
}

/** Users are found by id or name, so no name may be another's id. */
const LOOKS_LIKE_ID = /^u_[0-9a-z]{18}$/i;

/** AppError USER_EXISTS when the name is taken, also by one that differs in case alone. */
export async function insertUser(
  transaction: Transaction,
  row: UserRow,
  roles: readonly string[],
): Promise<void> {
  if (LOOKS_LIKE_ID.test(row.name)) {
    throw new AppError('INVALID_REQUEST', {
      where: 'body.name',
      problem: { en: 'looks like the id of a user', zh: '与用户 id 的格式相同' },
    });
  }
  const same = await userStore.byName(transaction, row.name);
  if (same !== undefined) throw new AppError('USER_EXISTS', { name: row.name });
  await userStore.insert(transaction, row);
  await userStore.setRoles(transaction, row.id, roles);
}

function requireRoles(parts: AccessParts, names: readonly string[]): void {
  const unknown = names.find((name) => !parts.roles.roles.has(name));
  if (unknown !== undefined) throw new AppError('NOT_FOUND', { what: 'role', id: unknown });
}

function requireCoveredRoles(parts: AccessParts, doer: Doer, names: readonly string[]): void {
  const grants = names.flatMap((name) => parts.roles.roles.get(name)?.grants ?? []);
  requireCovered(doer.grants, grants, parts.permissions);
}

async function requireAnotherAdministrator(transaction: Transaction, row: UserRow): Promise<void> {
  const holders = await userStore.enabledHolders(transaction, ADMINISTRATOR);
  const isOne = holders.some((holder) => holder.id === row.id);
  if (isOne && holders.length === 1) throw new AppError('LAST_ADMINISTRATOR', { name: row.name });
}

interface Change {
  readonly doer: Doer;
  readonly action: string;
  readonly row: UserRow;
  readonly details: Record<string, string | boolean | string[]>;
}

async function record(parts: AccessParts, transaction: Transaction, change: Change): Promise<void> {
  const { doer, action, row, details } = change;
  const { actor, requestId } = doer;
  await parts.audit.append(transaction, [{ actor, action, subject: row.name, details, requestId }]);
  transaction.afterCommit(parts.rightsChanged);
}
