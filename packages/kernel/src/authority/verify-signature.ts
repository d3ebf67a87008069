import { createHash, createPublicKey, verify } from 'node:crypto';
import { AppError, type Digest, type PlanSignature, toTimestamp } from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import { personOf } from './authority-parts.ts';
import { type KeyRow, keyStore, type SignatureWithKey } from './key-store.ts';
import type { AuthorityAsker } from './service.ts';

/** DER before the 32 bytes of an Ed25519 public key (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export const keyIdOf = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);

/** Never throws on hostile input. */
export function isSignature(publicKey: string, text: string, value: string): boolean {
  const raw = Buffer.from(publicKey, 'base64');
  const signature = Buffer.from(value, 'base64');
  if (raw.length !== 32 || signature.toString('base64') !== value) return false;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), key, signature);
}

/**
 * The key that a person signs with, and that the signature is over `text`. AppError OPERATOR_KEY_UNKNOWN, _NOT_YOURS,
 * _REVOKED, _EXPIRED, SIGNATURE_INVALID.
 */
export async function requireSignature(
  source: Store | Transaction,
  asker: AuthorityAsker,
  signed: { readonly keyId: string; readonly value: string; readonly text: string; readonly what: Digest },
  nowMs: number,
): Promise<KeyRow> {
  const { keyId, value, text, what } = signed;
  const key = await keyStore.find(source, keyId);
  if (key === undefined) throw new AppError('OPERATOR_KEY_UNKNOWN', { keyId });
  if (key.owner_id !== personOf(asker.principal).id)
    throw new AppError('OPERATOR_KEY_NOT_YOURS', { keyId, owner: key.owner });
  if (key.revoked_at !== null)
    throw new AppError('OPERATOR_KEY_REVOKED', { keyId, revokedAt: toTimestamp(key.revoked_at) });
  if (key.expires_at <= nowMs)
    throw new AppError('OPERATOR_KEY_EXPIRED', { keyId, expiresAt: toTimestamp(key.expires_at) });
  if (!isSignature(key.public_key, text, value)) throw new AppError('SIGNATURE_INVALID', { keyId, what });
  return key;
}

export const isGood = (row: SignatureWithKey, nowMs: number): boolean =>
  row.revoked_at === null && row.expires_at > nowMs;

export const viewSignature = (row: SignatureWithKey, nowMs: number): PlanSignature => ({
  keyId: row.key_id,
  person: row.owner,
  at: toTimestamp(row.given_at),
  value: row.value,
  isGood: isGood(row, nowMs),
});
