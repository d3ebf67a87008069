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
import { AppError, ENVELOPE_TAG, SignedTrustBundle } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { KernelContext } from '../kernel-context.ts';
import type { Authority } from './issue-certificate.ts';
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
import {
  keyFileOf,
  loadTrustKey,
  newTrustKey,
  type PrivateKeys,
  type RotatedKind,
  signedBundle,
  signText,
} from './trust-keys.ts';

/** At most this many bundles travel in one frame. */
export const BUNDLES_PER_ANSWER_MAX = 64;

/** Writes what belongs into the same transaction as the new bundle. */
export type WithBundle = (transaction: Transaction, version: number) => Promise<void>;

interface StoredBundle {
  readonly version: number;
  readonly signed: SignedTrustBundle;
}

/** Reads the keys of an installation, and makes them at its first start. */
export async function openTrust(context: KernelContext, files: KeyFiles): Promise<Trust> {
  const db = context.store.as<EnrolmentTables>();
  const privates: PrivateKeys = { authorities: new Map(), envelopeKeys: new Map() };
  const keys = await allKeys(db);
  for (const row of keys) {
    if (row.state === 'retired') {
      await dropPrivate(files, row);
      continue;
    }
    const keyPem = await files.read(keyFileOf(row));
    await loadTrustKey(privates, row, { keyPem, now: context.clock.now() });
  }
  const bundles = (await allBundles(db)).map((row) => ({
    version: row.version,
    signed: SignedTrustBundle.parse(JSON.parse(row.signed)),
  }));
  const trust = new Trust({ context, files, privates }, { keys, bundles });
  if (keys.length === 0) await trust.begin();
  return trust;
}

/** Nothing, unless a server was killed between the commit that retired the key and this. */
async function dropPrivate(files: KeyFiles, row: KeyRow): Promise<void> {
  const name = keyFileOf(row);
  if ((await files.find(name)) !== null) await files.remove(name);
}

/** Keys and bundles of an installation: owns the private keys. Made before every room that signs. */
export class Trust {
  readonly signer: Signer;
  readonly #world: {
    readonly context: KernelContext;
    readonly files: KeyFiles;
    readonly privates: PrivateKeys;
  };
  readonly #listeners = new Set<() => void>();
  #keys: readonly KeyRow[];
  #bundles: readonly StoredBundle[];

  constructor(
    world: { readonly context: KernelContext; readonly files: KeyFiles; readonly privates: PrivateKeys },
    stored: { readonly keys: readonly KeyRow[]; readonly bundles: readonly StoredBundle[] },
  ) {
    this.#world = world;
    this.#keys = stored.keys;
    this.#bundles = stored.bundles;
    this.signer = {
      sign: (tag, payload) => this.#sign(tag, payload),
      envelope: (payload) => {
        const text = JSON.stringify(payload);
        return { payload: text, signatures: [this.#sign(ENVELOPE_TAG, text)] };
      },
    };
  }

  get version(): number {
    return this.#bundles.at(-1)?.version ?? 0;
  }

  get keys(): readonly KeyRow[] {
    return this.#keys;
  }

  /** Signs server certificates, and those of hosts that have not adopted the next one. */
  get authority(): Authority {
    return this.#authorityOf(this.#keyIn('ca', 'current'));
  }

  /** The authority for a host that has adopted this bundle version. */
  authorityFor(trustVersion: number): Authority {
    const next = this.next('ca');
    const hasNext = next !== null && trustVersion >= next.since_version;
    return hasNext ? this.#authorityOf(next) : this.authority;
  }

  /** The key that takes over, while a rotation of its kind is open. */
  next(kind: RotatedKind): KeyRow | null {
    return this.#keyIn(kind, 'next');
  }

  isRetired(kid: string): boolean {
    return this.#keys.some((row) => row.kid === kid && row.state === 'retired');
  }

  bundles(afterVersion: number): readonly SignedTrustBundle[] {
    return this.#bundles
      .filter((bundle) => bundle.version > afterVersion)
      .slice(0, BUNDLES_PER_ANSWER_MAX)
      .map((bundle) => bundle.signed);
  }

  /** Called after the commit of a new bundle. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first keys and the first bundle, which nothing but the enrolment's pin vouches for. */
  async begin(): Promise<void> {
    const made = [await this.#make('ca', 'current'), await this.#make('envelope', 'current')];
    await this.#advance(
      () => made,
      async (transaction) => {
        for (const row of made) await insertKey(transaction.as<EnrolmentTables>(), row);
      },
    );
    const [ca, envelope] = made.map((row) => row.kid);
    this.#world.context.log.info('made the certificate authority and the envelope key', { ca, envelope });
  }

  /** Adds a key beside the current one. AppError ENROL_ROTATION_OPEN. */
  async rotate(kind: RotatedKind, withBundle: WithBundle): Promise<void> {
    if (this.next(kind) !== null) throw new AppError('ENROL_ROTATION_OPEN', { kind });
    const made = await this.#make(kind, 'next');
    const rowAt = (version: number): KeyRow => ({ ...made, since_version: version });
    await this.#advance(
      (version) => [...this.#keys, rowAt(version)],
      async (transaction, version) => {
        // A second rotation that began at the same time may have committed first.
        if (this.next(kind) !== null) throw new AppError('ENROL_ROTATION_OPEN', { kind });
        await insertKey(transaction.as<EnrolmentTables>(), rowAt(version));
        await withBundle(transaction, version);
      },
    ).catch(async (cause: unknown) => {
      await this.#world.files.remove(keyFileOf(made));
      throw cause;
    });
  }

  /** The next key becomes the current one and the old is trusted no more. AppError ENROL_NO_ROTATION. */
  async retire(kind: RotatedKind, withBundle: WithBundle): Promise<void> {
    const [old, next] = [this.#keyIn(kind, 'current'), this.next(kind)];
    if (old === null || next === null) throw new AppError('ENROL_NO_ROTATION', { kind });
    const now = this.#world.context.clock.now();
    const moved = (row: KeyRow): KeyRow => {
      if (row.kid === old.kid) return { ...row, state: 'retired', retired_at: now };
      return row.kid === next.kid ? { ...row, state: 'current' } : row;
    };
    await this.#advance(
      () => this.#keys.map(moved),
      async (transaction, version) => {
        if (this.next(kind)?.kid !== next.kid) throw new AppError('ENROL_NO_ROTATION', { kind });
        const tables = transaction.as<EnrolmentTables>();
        await setKeyState(tables, old.kid, 'retired', now);
        await setKeyState(tables, next.kid, 'current', null);
        await withBundle(transaction, version);
      },
    );
    await this.#world.files.remove(keyFileOf(old));
  }

  /** Stores a bundle that holds exactly the trusted ones of `keysAt`, and makes those the keys after the commit. */
  async #advance(keysAt: (version: number) => readonly KeyRow[], write: WithBundle): Promise<void> {
    const { context, privates } = this.#world;
    await context.store.transaction(async (transaction) => {
      const version = this.version + 1;
      const keys = keysAt(version);
      await write(transaction, version);
      const signers = this.#keys.length === 0 ? keys : this.#keys;
      const signed = signedBundle({ version, trusted: keys, signers }, privates);
      const row = { version, signed: JSON.stringify(signed), created_at: context.clock.now() };
      await insertBundle(transaction.as<EnrolmentTables>(), row);
      transaction.afterCommit(() => {
        this.#keys = keys;
        this.#bundles = [...this.#bundles, { version, signed }];
        for (const listener of this.#listeners) listener();
      });
    });
  }

  async #make(kind: RotatedKind, state: KeyRow['state']): Promise<KeyRow> {
    const { context, files, privates } = this.#world;
    const at = { now: context.clock.now(), sinceVersion: this.version + 1 };
    const { row, keyPem } = await newTrustKey(kind, state, at);
    await files.write(keyFileOf(row), keyPem);
    await loadTrustKey(privates, row, { keyPem, now: context.clock.now() });
    return row;
  }

  #keyIn(kind: RotatedKind, state: KeyRow['state']): KeyRow | null {
    return this.#keys.find((row) => row.kind === kind && row.state === state) ?? null;
  }

  #authorityOf(row: KeyRow | null): Authority {
    const authority = row === null ? undefined : this.#world.privates.authorities.get(row.kid);
    if (authority === undefined) throw new Error('the current authority is not loaded');
    return authority;
  }

  #sign(tag: string, payload: string): { keyId: string; value: string } {
    const row = this.#keyIn('envelope', 'current');
    const key = row === null ? undefined : this.#world.privates.envelopeKeys.get(row.kid);
    if (row === null || key === undefined) throw new Error('the current envelope key is not loaded');
    return { keyId: row.kid, value: signText(key, tag + payload) };
  }
}
