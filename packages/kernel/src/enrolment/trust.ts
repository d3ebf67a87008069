/**
 * What hosts trust, and how it changes.
 *
 * Problem: the authority and the envelope key must be replaceable under a running fleet, some of it asleep, without a host
 * ever taking a key on anybody's word but that of a key it trusts already.
 *
 * Rule: trust is a chain of bundles. A rotation adds the new key beside the old (`next`) in a bundle signed by every
 * envelope key of the bundle before; nothing is signed by the new key yet but certificates of hosts that adopted it. When
 * all hosts have moved, or a person says so, the old key retires: `next` becomes `current`, a further bundle drops the old
 * one, and its private key is deleted. Both kinds rotate independently.
 *
 * Limits: the server's own certificate stays under the current authority during the overlap, so a host that misses the
 * whole overlap cannot judge the server at once; it fetches the bundles over GATEWAY_PATHS.trust, where the signatures
 * suffice. Bundles are kept for ever: one is about 2 kB, and each is a link of the chain. A host that is more than 64
 * bundles behind fetches them in several steps.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto';
import {
  AppError,
  ENVELOPE_TAG,
  type EnvelopePayload,
  SignedTrustBundle,
  TRUST_TAG,
  type TrustBundle,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { KernelContext } from '../kernel-context.ts';
import { type Authority, certificateOf, importPrivateKey, newAuthority } from './issue-certificate.ts';
import type { KeyFiles } from './key-files.ts';
import type { Signer } from './service.ts';
import {
  allBundles,
  allKeys,
  type EnrolmentTables,
  insertBundle,
  insertKey,
  type KeyRow,
  setKeyState,
} from './store.ts';

/** At most this many bundles travel in one frame. */
export const BUNDLES_PER_ANSWER_MAX = 64;

export type RotatedKind = 'ca' | 'envelope';
/** Writes what belongs into the same transaction as the new bundle. */
export type WithBundle = (transaction: Transaction, version: number) => Promise<void>;

/** Keys and bundles of an installation. Made before every room that signs. */
export interface Trust {
  readonly signer: Signer;
  readonly version: number;
  readonly keys: readonly KeyRow[];
  /** Signs server certificates, and those of hosts that have not adopted the next one. */
  readonly authority: Authority;
  /** The authority for a host that has adopted this bundle version. */
  authorityFor(trustVersion: number): Authority;
  /** The key that takes over, while a rotation of its kind is open. */
  next(kind: RotatedKind): KeyRow | null;
  isRetired(kid: string): boolean;
  bundles(afterVersion: number): readonly SignedTrustBundle[];
  rotate(kind: RotatedKind, withBundle: WithBundle): Promise<void>;
  retire(kind: RotatedKind, withBundle: WithBundle): Promise<void>;
  /** Called after the commit of a new bundle. */
  onChange(listener: () => void): () => void;
}

interface TrustState {
  readonly keys: readonly KeyRow[];
  readonly bundles: readonly { version: number; signed: SignedTrustBundle }[];
}
/** Private keys by kid. Only grows within a process; what is retired is never asked for again. */
interface Privates {
  readonly authorities: Map<string, Authority>;
  readonly envelopeKeys: Map<string, KeyObject>;
}

interface NewKey {
  readonly row: KeyRow;
  readonly keyPem: string;
}

const fileOf = (row: Pick<KeyRow, 'kind' | 'kid'>): string => `${row.kind}-${row.kid}.pem`;

/** Reads the keys of an installation, and makes them at its first start. */
export async function openTrust(context: KernelContext, files: KeyFiles): Promise<Trust> {
  const db = context.store.as<EnrolmentTables>();
  const privates: Privates = { authorities: new Map(), envelopeKeys: new Map() };
  let state: TrustState = { keys: [], bundles: [] };
  const listeners = new Set<() => void>();

  const rows = (await allKeys(db)).filter((row) => row.kind !== 'server');
  for (const row of rows) {
    if (row.state !== 'retired') await loadPrivate(privates, row, await files.read(fileOf(row)));
  }
  const stored = await allBundles(db);
  state = {
    keys: rows,
    bundles: stored.map((row) => ({
      version: row.version,
      signed: SignedTrustBundle.parse(JSON.parse(row.signed)),
    })),
  };

  const version = (): number => state.bundles.at(-1)?.version ?? 0;
  const keyIn = (kind: RotatedKind, wanted: KeyRow['state']): KeyRow | null =>
    state.keys.find((row) => row.kind === kind && row.state === wanted) ?? null;

  /** Stores keys with a bundle that holds exactly the trusted ones, and makes them the state after the commit. */
  async function advance(keysAt: (next: number) => readonly KeyRow[], write: WithBundle): Promise<void> {
    await context.store.transaction(async (transaction) => {
      const next = version() + 1;
      const keys = keysAt(next);
      const signers = state.keys.length === 0 ? keys : state.keys;
      const signed = signBundle(bundleOf(next, keys), signers, privates);
      await write(transaction, next);
      await insertBundle(transaction.as<EnrolmentTables>(), {
        version: next,
        signed: JSON.stringify(signed),
        created_at: context.clock.now(),
      });
      transaction.afterCommit(() => {
        state = { keys, bundles: [...state.bundles, { version: next, signed }] };
        for (const listener of listeners) listener();
      });
    });
  }

  async function make(kind: RotatedKind, keyState: KeyRow['state']): Promise<NewKey> {
    const made = await newKey(kind, keyState, { now: context.clock.now(), sinceVersion: version() + 1 });
    await files.write(fileOf(made.row), made.keyPem);
    await loadPrivate(privates, made.row, made.keyPem);
    return made;
  }

  if (state.keys.length === 0) {
    const made = [await make('ca', 'current'), await make('envelope', 'current')].map((key) => key.row);
    await advance(
      () => made,
      async (transaction) => {
        for (const row of made) await insertKey(transaction.as<EnrolmentTables>(), row);
      },
    );
    context.log.info('made the certificate authority and the envelope key', {
      ca: made[0]?.kid,
      envelope: made[1]?.kid,
    });
  }

  const authorityOf = (row: KeyRow | null): Authority => {
    const authority = row === null ? undefined : privates.authorities.get(row.kid);
    if (authority === undefined) throw new Error('the current authority is not loaded');
    return authority;
  };

  return {
    signer: signerOver(() => keyIn('envelope', 'current'), privates),
    get version() {
      return version();
    },
    get keys() {
      return state.keys;
    },
    get authority() {
      return authorityOf(keyIn('ca', 'current'));
    },
    authorityFor(trustVersion) {
      const next = keyIn('ca', 'next');
      return authorityOf(next !== null && trustVersion >= next.since_version ? next : keyIn('ca', 'current'));
    },
    next: (kind) => keyIn(kind, 'next'),
    isRetired: (kid) => state.keys.some((row) => row.kid === kid && row.state === 'retired'),
    bundles: (afterVersion) =>
      state.bundles
        .filter((bundle) => bundle.version > afterVersion)
        .slice(0, BUNDLES_PER_ANSWER_MAX)
        .map((bundle) => bundle.signed),
    async rotate(kind, withBundle) {
      if (keyIn(kind, 'next') !== null) throw new AppError('ENROL_ROTATION_OPEN', { kind });
      const made = await make(kind, 'next');
      const rowAt = (next: number): KeyRow => ({ ...made.row, since_version: next });
      await advance(
        (next) => [...state.keys, rowAt(next)],
        async (transaction, next) => {
          // A second rotation that began at the same time may have committed first.
          if (keyIn(kind, 'next') !== null) throw new AppError('ENROL_ROTATION_OPEN', { kind });
          await insertKey(transaction.as<EnrolmentTables>(), rowAt(next));
          await withBundle(transaction, next);
        },
      );
    },
    async retire(kind, withBundle) {
      const old = keyIn(kind, 'current');
      const next = keyIn(kind, 'next');
      if (old === null || next === null) throw new AppError('ENROL_NO_ROTATION', { kind });
      const now = context.clock.now();
      const moved = (row: KeyRow): KeyRow => {
        if (row.kid === old.kid) return { ...row, state: 'retired', retired_at: now };
        return row.kid === next.kid ? { ...row, state: 'current' } : row;
      };
      await advance(
        () => state.keys.map(moved),
        async (transaction, bundleVersion) => {
          if (keyIn(kind, 'next')?.kid !== next.kid) throw new AppError('ENROL_NO_ROTATION', { kind });
          const tables = transaction.as<EnrolmentTables>();
          await setKeyState(tables, old.kid, 'retired', now);
          await setKeyState(tables, next.kid, 'current', null);
          await withBundle(transaction, bundleVersion);
        },
      );
      await files.remove(fileOf(old));
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function signerOver(current: () => KeyRow | null, privates: Privates): Signer {
  const sign: Signer['sign'] = (tag, payload) => {
    const row = current();
    const key = row === null ? undefined : privates.envelopeKeys.get(row.kid);
    if (row === null || key === undefined) throw new Error('the current envelope key is not loaded');
    return { keyId: row.kid, value: signBytes(null, Buffer.from(tag + payload), key).toString('base64') };
  };
  return {
    sign,
    envelope(payload: EnvelopePayload) {
      const text = JSON.stringify(payload);
      return { payload: text, signatures: [sign(ENVELOPE_TAG, text)] };
    },
  };
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

function signBundle(bundle: TrustBundle, signers: readonly KeyRow[], privates: Privates): SignedTrustBundle {
  const payload = JSON.stringify(bundle);
  const signatures = signers.flatMap((row) => {
    const key = row.state === 'retired' ? undefined : privates.envelopeKeys.get(row.kid);
    if (key === undefined) return [];
    return [
      { keyId: row.kid, value: signBytes(null, Buffer.from(TRUST_TAG + payload), key).toString('base64') },
    ];
  });
  return { payload, signatures };
}

async function newKey(
  kind: RotatedKind,
  state: KeyRow['state'],
  at: { readonly now: number; readonly sinceVersion: number },
): Promise<NewKey> {
  const common = { kind, state, since_version: at.sinceVersion, created_at: at.now, retired_at: null };
  if (kind === 'ca') {
    const { authority, keyPem } = await newAuthority(at.now);
    return { row: { ...common, kid: authority.kid, public_text: authority.pem }, keyPem };
  }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = rawOf(publicKey);
  return {
    row: {
      ...common,
      kid: createHash('sha256').update(raw).digest('hex').slice(0, 16),
      public_text: raw.toString('base64'),
    },
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const RAW_KEY_BYTES = 32;
/** The last 32 bytes of an Ed25519 key's SubjectPublicKeyInfo are the key itself. */
const rawOf = (publicKey: KeyObject): Buffer =>
  publicKey.export({ type: 'spki', format: 'der' }).subarray(-RAW_KEY_BYTES);

async function loadPrivate(privates: Privates, row: KeyRow, keyPem: string): Promise<void> {
  if (row.kind === 'envelope') {
    const key = createPrivateKey(keyPem);
    if (rawOf(createPublicKey(key)).toString('base64') !== row.public_text) {
      throw new AppError('ENROL_KEY_MISSING', { path: fileOf(row) });
    }
    privates.envelopeKeys.set(row.kid, key);
    return;
  }
  privates.authorities.set(row.kid, {
    kid: row.kid,
    pem: row.public_text,
    certificate: certificateOf(row.public_text),
    privateKey: await importPrivateKey(keyPem),
  });
}
