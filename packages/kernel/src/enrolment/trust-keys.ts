import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { AppError, type SignedTrustBundle, TRUST_TAG, type TrustBundle } from '@pilothouse/contract';
import {
  type Authority,
  certificateOf,
  importPrivateKey,
  newAuthority,
  openAuthority,
} from './issue-certificate.ts';
import type { KeyRow } from './store.ts';

/** The kinds of key that hosts trust, and that are replaced by rotation. */
export type RotatedKind = 'ca' | 'envelope';

/** Private keys by kid. Only grows within a process; what is retired is never asked for again. */
export interface PrivateKeys {
  readonly authorities: Map<string, Authority>;
  readonly envelopeKeys: Map<string, KeyObject>;
}

export const keyFileOf = (row: Pick<KeyRow, 'kind' | 'kid'>): string => `${row.kind}-${row.kid}.pem`;

/** A new key: its row, to be stored, and its private part, to be written to its file. */
export async function newTrustKey(
  kind: RotatedKind,
  state: KeyRow['state'],
  at: { readonly now: number; readonly sinceVersion: number },
): Promise<{ row: KeyRow; keyPem: string }> {
  const common = { kind, state, since_version: at.sinceVersion, created_at: at.now, retired_at: null };
  if (kind === 'ca') {
    const { authority, keyPem } = await newAuthority(at.now);
    return { row: { ...common, kid: authority.kid, public_text: authority.pem }, keyPem };
  }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = rawOf(publicKey);
  const kid = createHash('sha256').update(raw).digest('hex').slice(0, 16);
  return {
    row: { ...common, kid, public_text: raw.toString('base64') },
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** AppError ENROL_KEY_MISSING when an envelope key's file holds another key. */
export async function loadTrustKey(
  keys: PrivateKeys,
  row: KeyRow,
  loaded: { readonly keyPem: string; readonly now: number },
): Promise<void> {
  const { keyPem, now } = loaded;
  if (row.kind === 'envelope') {
    const key = createPrivateKey(keyPem);
    if (rawOf(createPublicKey(key)).toString('base64') !== row.public_text) {
      throw new AppError('ENROL_KEY_MISSING', { path: keyFileOf(row) });
    }
    keys.envelopeKeys.set(row.kid, key);
    return;
  }
  const certificate = certificateOf(row.public_text);
  const privateKey = await importPrivateKey(keyPem);
  const parts = { kid: row.kid, pem: row.public_text, certificate, privateKey };
  keys.authorities.set(row.kid, await openAuthority(parts, now));
}

export const signText = (key: KeyObject, text: string): string =>
  sign(null, Buffer.from(text), key).toString('base64');

/** A bundle of the keys that are not retired, newest first, signed by those of `signers` that still are not. */
export function signedBundle(
  bundle: {
    readonly version: number;
    readonly trusted: readonly KeyRow[];
    readonly signers: readonly KeyRow[];
  },
  keys: PrivateKeys,
): SignedTrustBundle {
  const payload = JSON.stringify(bundleOf(bundle.version, bundle.trusted));
  const signatures = bundle.signers.flatMap((row) => {
    const key = row.state === 'retired' ? undefined : keys.envelopeKeys.get(row.kid);
    return key === undefined ? [] : [{ keyId: row.kid, value: signText(key, TRUST_TAG + payload) }];
  });
  return { payload, signatures };
}

function bundleOf(version: number, keys: readonly KeyRow[]): TrustBundle {
  const trusted = keys.filter((row) => row.state !== 'retired').toReversed();
  return {
    version,
    authorities: trusted.filter((row) => row.kind === 'ca').map((row) => row.public_text),
    envelopeKeys: trusted
      .filter((row) => row.kind === 'envelope')
      .map((row) => ({ id: row.kid, raw: row.public_text })),
  };
}

const RAW_KEY_BYTES = 32;
/** The last 32 bytes of an Ed25519 key's SubjectPublicKeyInfo are the key itself. */
const rawOf = (publicKey: KeyObject): Buffer =>
  publicKey.export({ type: 'spki', format: 'der' }).subarray(-RAW_KEY_BYTES);
