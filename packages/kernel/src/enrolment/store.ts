/** The SQL of this room: keys and bundles, tokens, certificates, and what enrolment knows of a host. */
import type { HostId } from '@pilothouse/contract';
import type { ExpressionBuilder, Kysely, Selectable } from 'kysely';

interface KeyTable {
  kid: string;
  kind: 'ca' | 'envelope';
  state: 'current' | 'next' | 'retired';
  /** ca: PEM certificate; envelope: 32 raw bytes in base64. */
  public_text: string;
  /** The first trust bundle that holds it. */
  since_version: number;
  created_at: number;
  retired_at: number | null;
}
interface BundleTable {
  version: number;
  signed: string;
  created_at: number;
}
interface TokenTable {
  id: string;
  name: string;
  secret_hash: string;
  ca_kid: string;
  uses_max: number;
  uses: number;
  labels: string;
  groups: string;
  needs_approval: number;
  created_at: number;
  created_by: string;
  expires_at: number;
  revoked_at: number | null;
}
interface HostTable {
  host_id: HostId;
  machine_id: string;
  token_id: string;
  replaces: string | null;
  replaced_by: string | null;
  trust_version: number;
  enrolled_at: number;
  /** Null while it waits for a person. */
  decided_at: number | null;
}
interface CertificateTable {
  fingerprint: string;
  serial: string;
  host_id: HostId;
  ca_kid: string;
  /** SHA-256 of the public key, so that a repeated request with the same key is known. */
  key_hash: string;
  pem: string;
  issued_at: number;
  not_after: number;
  revoked_at: number | null;
  revoked_reason: string | null;
}

export interface EnrolmentTables {
  enrolment_key: KeyTable;
  enrolment_bundle: BundleTable;
  enrolment_token: TokenTable;
  enrolment_host: HostTable;
  enrolment_certificate: CertificateTable;
}
export type EnrolmentDb = Kysely<EnrolmentTables>;
export type KeyRow = Selectable<KeyTable>;
export type TokenRow = Selectable<TokenTable>;
export type HostRow = Selectable<HostTable>;
export type CertificateRow = Selectable<CertificateTable>;

// Keys and bundles

export const allKeys = (db: EnrolmentDb): Promise<KeyRow[]> =>
  db.selectFrom('enrolment_key').selectAll().orderBy('created_at').orderBy('kid').execute();

export async function insertKey(db: EnrolmentDb, row: KeyRow): Promise<void> {
  await db.insertInto('enrolment_key').values(row).execute();
}

export async function setKeyState(
  db: EnrolmentDb,
  kid: string,
  state: KeyRow['state'],
  retiredAt: number | null,
): Promise<void> {
  await db
    .updateTable('enrolment_key')
    .set({ state, retired_at: retiredAt })
    .where('kid', '=', kid)
    .execute();
}

export async function allBundles(db: EnrolmentDb): Promise<{ version: number; signed: string }[]> {
  return db.selectFrom('enrolment_bundle').select(['version', 'signed']).orderBy('version').execute();
}

export async function insertBundle(db: EnrolmentDb, row: BundleTable): Promise<void> {
  await db.insertInto('enrolment_bundle').values(row).execute();
}

// Tokens

export async function insertToken(db: EnrolmentDb, row: TokenRow): Promise<void> {
  await db.insertInto('enrolment_token').values(row).execute();
}

export async function tokenBySecretHash(db: EnrolmentDb, hash: string): Promise<TokenRow | null> {
  const row = await db
    .selectFrom('enrolment_token')
    .selectAll()
    .where('secret_hash', '=', hash)
    .executeTakeFirst();
  return row ?? null;
}

export async function tokenById(db: EnrolmentDb, id: string): Promise<TokenRow | null> {
  const row = await db.selectFrom('enrolment_token').selectAll().where('id', '=', id).executeTakeFirst();
  return row ?? null;
}

/** Newest first: ids grow with time. */
export function tokensBefore(db: EnrolmentDb, before: string | null, limit: number): Promise<TokenRow[]> {
  let query = db.selectFrom('enrolment_token').selectAll().orderBy('id', 'desc').limit(limit);
  if (before !== null) query = query.where('id', '<', before);
  return query.execute();
}

/** One statement decides and counts, so two uses at once can never both be the last. False: none was left. */
export async function takeTokenUse(db: EnrolmentDb, id: string): Promise<boolean> {
  const result = await db
    .updateTable('enrolment_token')
    .set((eb) => ({ uses: eb('uses', '+', 1) }))
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where((eb) => eb('uses', '<', eb.ref('uses_max')))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function revokeToken(db: EnrolmentDb, id: string, at: number): Promise<void> {
  await db
    .updateTable('enrolment_token')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
}

export async function revokeTokensPinnedTo(db: EnrolmentDb, caKid: string, at: number): Promise<void> {
  await db
    .updateTable('enrolment_token')
    .set({ revoked_at: at })
    .where('ca_kid', '=', caKid)
    .where('revoked_at', 'is', null)
    .execute();
}

// Hosts

export async function insertHost(db: EnrolmentDb, row: HostRow): Promise<void> {
  await db.insertInto('enrolment_host').values(row).execute();
}

export async function hostRow(db: EnrolmentDb, hostId: HostId): Promise<HostRow | null> {
  const row = await db
    .selectFrom('enrolment_host')
    .selectAll()
    .where('host_id', '=', hostId)
    .executeTakeFirst();
  return row ?? null;
}

/** Decided hosts with a machine id, newest first; more than one where clones were accepted as hosts of their own. */
export async function hostIdsByMachine(db: EnrolmentDb, machineId: string): Promise<HostId[]> {
  const rows = await db
    .selectFrom('enrolment_host')
    .select('host_id')
    .where('machine_id', '=', machineId)
    .where('decided_at', 'is not', null)
    .where('replaced_by', 'is', null)
    .orderBy('enrolled_at', 'desc')
    .orderBy('host_id', 'desc')
    .limit(100)
    .execute();
  return rows.map((row) => row.host_id);
}

export function pendingAfter(db: EnrolmentDb, after: string | null, limit: number): Promise<HostRow[]> {
  let query = db
    .selectFrom('enrolment_host')
    .selectAll()
    .where('decided_at', 'is', null)
    .orderBy('host_id')
    .limit(limit);
  if (after !== null) query = query.where('host_id', '>', after);
  return query.execute();
}

export async function decideHost(
  db: EnrolmentDb,
  hostId: HostId,
  decision: { readonly at: number; readonly replacedBy: HostId | null },
): Promise<void> {
  await db
    .updateTable('enrolment_host')
    .set({ decided_at: decision.at, replaced_by: decision.replacedBy })
    .where('host_id', '=', hostId)
    .execute();
}

/** Never moves back: a late word of an older version changes nothing. */
export async function raiseTrustVersion(db: EnrolmentDb, hostId: HostId, version: number): Promise<void> {
  await db
    .updateTable('enrolment_host')
    .set({ trust_version: version })
    .where('host_id', '=', hostId)
    .where('trust_version', '<', version)
    .execute();
}

export function trustVersions(db: EnrolmentDb): Promise<{ host_id: HostId; trust_version: number }[]> {
  return db
    .selectFrom('enrolment_host')
    .select(['host_id', 'trust_version'])
    .where('replaced_by', 'is', null)
    .orderBy('host_id')
    .execute();
}

// Certificates

export async function insertCertificate(db: EnrolmentDb, row: CertificateRow): Promise<void> {
  await db.insertInto('enrolment_certificate').values(row).execute();
}

/** A certificate, and the host that took the place of the one it was issued to. In one question: each session asks it. */
export interface PeerRow extends CertificateRow {
  replaced_by: HostId | null;
}

/** Of those that are known; in no order. */
export const peersByFingerprint = (db: EnrolmentDb, fingerprints: readonly string[]): Promise<PeerRow[]> =>
  db
    .selectFrom('enrolment_certificate')
    .leftJoin('enrolment_host', 'enrolment_host.host_id', 'enrolment_certificate.host_id')
    .selectAll('enrolment_certificate')
    .select('enrolment_host.replaced_by')
    .where('enrolment_certificate.fingerprint', 'in', fingerprints)
    .execute();

/** The newest certificate of a key that is not revoked. */
export async function certificateByKey(db: EnrolmentDb, keyHash: string): Promise<CertificateRow | null> {
  const row = await db
    .selectFrom('enrolment_certificate')
    .selectAll()
    .where('key_hash', '=', keyHash)
    .where('revoked_at', 'is', null)
    .orderBy('issued_at', 'desc')
    .executeTakeFirst();
  return row ?? null;
}

/** Revokes what a host holds, and what those hold that it has replaced. */
export async function revokeCertificates(
  db: EnrolmentDb,
  hostId: HostId,
  revocation: { readonly at: number; readonly reason: string },
): Promise<void> {
  await db
    .updateTable('enrolment_certificate')
    .set({ revoked_at: revocation.at, revoked_reason: revocation.reason })
    .where('revoked_at', 'is', null)
    .where(isHeldBy(hostId))
    .execute();
}

/** Whether anything that a host holds, or that those hold that it has replaced, is not revoked. */
export async function holdsCertificate(db: EnrolmentDb, hostId: HostId): Promise<boolean> {
  const row = await db
    .selectFrom('enrolment_certificate')
    .select('serial')
    .where('revoked_at', 'is', null)
    .where(isHeldBy(hostId))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** How many a host got since then, by any way. */
export async function certificatesSince(db: EnrolmentDb, hostId: HostId, since: number): Promise<number> {
  const { count } = await db
    .selectFrom('enrolment_certificate')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('host_id', '=', hostId)
    .where('issued_at', '>', since)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Those of a host that ran out before, and are neither revoked nor among its newest. */
export async function forgetCertificates(
  db: EnrolmentDb,
  hostId: HostId,
  which: { readonly endedBefore: number; readonly keptMin: number },
): Promise<void> {
  await db
    .deleteFrom('enrolment_certificate')
    .where('host_id', '=', hostId)
    .where('revoked_at', 'is', null)
    .where('not_after', '<', which.endedBefore)
    .where('fingerprint', 'not in', (eb) =>
      eb
        .selectFrom('enrolment_certificate as newest')
        .select('newest.fingerprint')
        .where('newest.host_id', '=', hostId)
        .orderBy('newest.issued_at', 'desc')
        .limit(which.keptMin),
    )
    .execute();
}

const isHeldBy = (hostId: HostId) => (eb: ExpressionBuilder<EnrolmentTables, 'enrolment_certificate'>) =>
  eb.or([
    eb('host_id', '=', hostId),
    eb('host_id', 'in', eb.selectFrom('enrolment_host').select('host_id').where('replaced_by', '=', hostId)),
  ]);

/** Hosts that hold an unrevoked certificate of this authority. */
export async function hostsUnder(db: EnrolmentDb, caKid: string): Promise<Set<HostId>> {
  const rows = await db
    .selectFrom('enrolment_certificate')
    .select('host_id')
    .distinct()
    .where('ca_kid', '=', caKid)
    .where('revoked_at', 'is', null)
    .execute();
  return new Set(rows.map((row) => row.host_id));
}
