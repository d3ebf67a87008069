import { randomBytes } from 'node:crypto';
import { newId, SECOND_MS } from '@pilothouse/base';
import {
  type Actor,
  AppError,
  ENROLMENT_TOKEN_PREFIX,
  type EnrolmentToken,
  type EnrolmentTokenRecord,
  Labels,
  type NewEnrolmentToken,
  toTimestamp,
} from '@pilothouse/contract';
import { z } from 'zod';
import type { EnrolmentDeps } from './enrolment-deps.ts';
import { fingerprintOf, sha256Hex } from './issue-certificate.ts';
import {
  type EnrolmentDb,
  type EnrolmentTables,
  insertToken,
  revokeToken,
  type TokenRow,
  takeTokenUse,
  tokenBySecretHash,
} from './store.ts';

/** 256 bits of chance: the hash needs no salt and no slowness, for there is nothing to guess. */
const SECRET_BYTES = 32;

/** The text that is pasted on a host, and back. */
export const encodeToken = (token: EnrolmentToken): string =>
  ENROLMENT_TOKEN_PREFIX + Buffer.from(JSON.stringify(token)).toString('base64url');

export const labelsOf = (row: TokenRow): Labels => Labels.parse(JSON.parse(row.labels));
export const groupsOf = (row: TokenRow): string[] => z.array(z.string()).parse(JSON.parse(row.groups));

export function tokenRecord(row: TokenRow, now: number): EnrolmentTokenRecord {
  return {
    id: row.id,
    name: row.name,
    state: tokenState(row, now),
    usesMax: row.uses_max,
    uses: row.uses,
    createdAt: toTimestamp(row.created_at),
    createdBy: row.created_by,
    expiresAt: toTimestamp(row.expires_at),
    labels: labelsOf(row),
    groups: groupsOf(row),
    needsApproval: row.needs_approval === 1,
  };
}

function tokenState(row: TokenRow, now: number): EnrolmentTokenRecord['state'] {
  if (row.revoked_at !== null) return 'revoked';
  if (row.expires_at <= now) return 'expired';
  return row.uses >= row.uses_max ? 'used-up' : 'active';
}

/** Makes a token. The secret leaves the server in the returned text and is kept only as a hash. */
export async function createToken(
  deps: EnrolmentDeps,
  wish: NewEnrolmentToken,
  by: { readonly actor: Actor; readonly requestId: string | null },
): Promise<{ record: EnrolmentTokenRecord; token: string }> {
  const { context, trust } = deps;
  const now = context.clock.now();
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const authority = trust.authority;
  const row: TokenRow = {
    id: newId('et', context.ids),
    name: wish.name,
    secret_hash: sha256Hex(secret),
    ca_kid: authority.kid,
    uses_max: wish.usesMax,
    uses: 0,
    labels: JSON.stringify(wish.labels),
    groups: JSON.stringify(wish.groups),
    needs_approval: wish.needsApproval ? 1 : 0,
    created_at: now,
    created_by: by.actor.name,
    expires_at: now + wish.lifeSeconds * SECOND_MS,
    revoked_at: null,
  };
  await context.store.transaction(async (transaction) => {
    await insertToken(transaction.as<EnrolmentTables>(), row);
    await deps.audit.append(transaction, [
      {
        actor: by.actor,
        action: 'enrolment-token.created',
        subject: row.id,
        details: {
          name: row.name,
          usesMax: row.uses_max,
          expiresAt: toTimestamp(row.expires_at),
          labels: wish.labels,
          groups: wish.groups,
          needsApproval: wish.needsApproval,
        },
        requestId: by.requestId,
      },
    ]);
  });
  const token = encodeToken({
    urls: [...deps.gatewayUrls()],
    pin: fingerprintOf(authority.certificate),
    secret,
  });
  return { record: tokenRecord(row, now), token };
}

/** Hosts that used it stay enrolled. Revoking twice is harmless. */
export async function revokeTokenBy(
  deps: EnrolmentDeps,
  row: TokenRow,
  by: { readonly actor: Actor; readonly requestId: string | null },
): Promise<void> {
  if (row.revoked_at !== null) return;
  await deps.context.store.transaction(async (transaction) => {
    await revokeToken(transaction.as<EnrolmentTables>(), row.id, deps.context.clock.now());
    await deps.audit.append(transaction, [
      {
        actor: by.actor,
        action: 'enrolment-token.revoked',
        subject: row.id,
        details: { name: row.name, uses: row.uses },
        requestId: by.requestId,
      },
    ]);
  });
}

export const findToken = (db: EnrolmentDb, secret: string): Promise<TokenRow | null> =>
  tokenBySecretHash(db, sha256Hex(secret));

/** Counts one use, or says why there is none. Within the transaction that registers the host. */
export async function spendToken(db: EnrolmentDb, secret: string, now: number): Promise<TokenRow> {
  const row = await findToken(db, secret);
  if (row === null) throw new AppError('ENROL_TOKEN_UNKNOWN');
  if (row.revoked_at !== null) throw new AppError('ENROL_TOKEN_REVOKED');
  if (row.expires_at <= now) {
    throw new AppError('ENROL_TOKEN_EXPIRED', { expiresAt: toTimestamp(row.expires_at) });
  }
  if (!(await takeTokenUse(db, row.id))) {
    throw new AppError('ENROL_TOKEN_USED_UP', { usesMax: row.uses_max });
  }
  return row;
}
