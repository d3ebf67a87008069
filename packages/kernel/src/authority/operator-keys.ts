import { DAY_MS, MINUTE_MS, newId } from '@pilothouse/base';
import {
  AppError,
  OPERATOR_KEY_TAG,
  type OperatorKey,
  type Page,
  type PageQuery,
  toTimestamp,
} from '@pilothouse/contract';
import { cutPage, heldText, readCursor } from '../page-cursor.ts';
import { type AuthorityParts, personOf, tell } from './authority-parts.ts';
import { challengeStore, type KeyRow, keyStore, signatureStore } from './key-store.ts';
import { mandateStore } from './mandate-store.ts';
import type { AuthorityAsker } from './service.ts';
import { isSignature, keyIdOf } from './verify-signature.ts';

const CHALLENGE_MINUTES = 10;
/** A key a device is plenty; each counts towards nobody else. */
const KEYS_PER_PERSON_MAX = 16;
/** Longer than that nobody remembers where the key lies. */
const KEY_DAYS_MAX = 1100;

export interface NewKey {
  readonly name: string;
  readonly publicKey: string;
  readonly expiresAt: string;
  readonly nonce: string;
  readonly proof: string;
}

export async function listKeys(
  parts: AuthorityParts,
  query: PageQuery & { readonly owner?: string | undefined },
): Promise<Page<OperatorKey>> {
  const after = readCursor(query.cursor, heldText) ?? '';
  const rows = await keyStore.page(parts.context.store, {
    owner: query.owner ?? null,
    after,
    limit: query.limit + 1,
  });
  const page = cutPage(rows, query.limit, ({ id }) => id);
  return { ...page, items: page.items.map(viewKey) };
}

export async function newChallenge(
  parts: AuthorityParts,
  asker: AuthorityAsker,
): Promise<{ nonce: string; expiresAt: string }> {
  const { store, clock, ids } = parts.context;
  const person = personOf(asker.principal);
  const nonce = newId('n', ids);
  const expiresAtMs = clock.now() + CHALLENGE_MINUTES * MINUTE_MS;
  await store.transaction((transaction) =>
    challengeStore.insert(transaction, { nonce, owner_id: person.id, expires_at: expiresAtMs }, clock.now()),
  );
  return { nonce, expiresAt: toTimestamp(expiresAtMs) };
}

/** Whoever registers a key proves that they hold it: a public key alone could be somebody else's. */
export async function registerKey(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  wish: NewKey,
): Promise<OperatorKey> {
  const { store, clock } = parts.context;
  const person = personOf(asker.principal);
  const nowMs = clock.now();
  const expiresAtMs = Date.parse(wish.expiresAt);
  if (expiresAtMs <= nowMs || expiresAtMs > nowMs + KEY_DAYS_MAX * DAY_MS) {
    const details = { expiresAt: wish.expiresAt, daysMax: KEY_DAYS_MAX };
    throw new AppError('OPERATOR_KEY_TIME_INVALID', details);
  }
  const proves = isSignature(wish.publicKey, OPERATOR_KEY_TAG + wish.nonce, wish.proof);
  const row: KeyRow = {
    id: keyIdOf(wish.publicKey),
    public_key: wish.publicKey,
    owner_id: person.id,
    owner: person.name,
    name: wish.name,
    created_at: nowMs,
    expires_at: expiresAtMs,
    revoked_at: null,
  };
  await store.transaction(async (transaction) => {
    const challenge = { nonce: wish.nonce, ownerId: person.id, nowMs };
    if (!(await challengeStore.take(transaction, challenge)) || !proves)
      throw new AppError('OPERATOR_KEY_PROOF_INVALID', { minutes: CHALLENGE_MINUTES });
    const known = await keyStore.find(transaction, row.id);
    if (known !== undefined) throw new AppError('OPERATOR_KEY_KNOWN', { keyId: row.id, owner: known.owner });
    const count = await keyStore.goodCount(transaction, person.id, nowMs);
    if (count >= KEYS_PER_PERSON_MAX) throw new AppError('OPERATOR_KEYS_TOO_MANY', { count });
    await keyStore.insert(transaction, row);
    await tellOfKey(parts, transaction, asker, { row, what: 'registered', reason: '' });
  });
  return viewKey(row);
}

/** From here on this server takes no signature by it. Hosts in strict mode have a list of their own. */
export async function revokeKey(
  parts: AuthorityParts,
  asker: AuthorityAsker,
  { keyId, reason }: { readonly keyId: string; readonly reason: string },
): Promise<OperatorKey> {
  const { store, clock } = parts.context;
  return store.transaction(async (transaction) => {
    const row = await keyStore.find(transaction, keyId);
    if (row === undefined) throw new AppError('OPERATOR_KEY_UNKNOWN', { keyId });
    const isOwn = row.owner_id === asker.principal.person?.id;
    if (!isOwn && !asker.principal.has('users.manage'))
      throw new AppError('OPERATOR_KEY_NOT_YOURS', { keyId, owner: row.owner });
    if (row.revoked_at !== null)
      throw new AppError('OPERATOR_KEY_REVOKED', { keyId, revokedAt: toTimestamp(row.revoked_at) });
    await keyStore.revoke(transaction, keyId, clock.now());
    const signed = await signatureStore.by(transaction, keyId);
    const mandated = await mandateStore.plansBySigner(transaction, keyId);
    for (const digest of new Set([...signed, ...mandated])) parts.changed(transaction, digest);
    await tellOfKey(parts, transaction, asker, { row, what: 'revoked', reason });
    return viewKey({ ...row, revoked_at: clock.now() });
  });
}

const tellOfKey = (
  parts: AuthorityParts,
  transaction: Parameters<typeof tell>[1],
  asker: AuthorityAsker,
  { row, what, reason }: { row: KeyRow; what: 'registered' | 'revoked'; reason: string },
): Promise<void> =>
  tell(parts, transaction, asker, {
    action: `operator-key.${what}`,
    event: `operator-keys.${what}`,
    subject: row.id,
    details: { owner: row.owner, name: row.name, expiresAt: toTimestamp(row.expires_at), reason },
  });

const viewKey = (row: KeyRow): OperatorKey => ({
  id: row.id,
  publicKey: row.public_key,
  ownerId: row.owner_id,
  owner: row.owner,
  name: row.name,
  createdAt: toTimestamp(row.created_at),
  expiresAt: toTimestamp(row.expires_at),
  revokedAt: row.revoked_at === null ? null : toTimestamp(row.revoked_at),
});
