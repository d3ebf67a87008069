import { err, ok, type Result } from '@pilothouse/base';
import { SignedTrustBundle, TRUST_TAG, TrustBundle } from '@pilothouse/contract';
import { readIfThere, writeDurably } from '../data-directory.ts';
import { isSignedBy } from '../tasks/verify-envelope.ts';
import { parseState } from './parse-state.ts';

/**
 * What this host trusts, moving forward one version at a time: version n + 1 counts only when a key of version n signed
 * it. What is older, skips a version or is signed by nobody known changes nothing.
 */
export interface TrustStore {
  readonly bundle: TrustBundle;
  /** Takes what follows from the bundles, in order; returns the versions that were adopted. */
  adopt(bundles: readonly SignedTrustBundle[]): readonly number[];
}

export function openTrustStore(path: string): TrustStore | null {
  const text = readIfThere(path);
  if (text === null) return null;
  let bundle = parseState(path, () =>
    TrustBundle.parse(JSON.parse(SignedTrustBundle.parse(JSON.parse(text)).payload)),
  );
  return {
    get bundle() {
      return bundle;
    },
    adopt(bundles) {
      const adopted: number[] = [];
      for (const signed of bundles) {
        const next = successorOf(bundle, signed);
        if (!next.ok) continue;
        writeTrust(path, signed);
        bundle = next.value;
        adopted.push(bundle.version);
      }
      return adopted;
    },
  };
}

/** The first bundle comes with enrolment, over a connection that the token's pin has authenticated. */
export const writeTrust = (path: string, signed: SignedTrustBundle): void =>
  writeDurably(path, `${JSON.stringify(signed)}\n`);

export function successorOf(
  current: TrustBundle,
  signed: SignedTrustBundle,
): Result<TrustBundle, 'unreadable' | 'not-next' | 'not-signed'> {
  const parsed = parseBundle(signed.payload);
  if (parsed === null) return err('unreadable');
  if (parsed.version !== current.version + 1) return err('not-next');
  if (!isSignedBy(current.envelopeKeys, TRUST_TAG, signed.payload, signed.signatures))
    return err('not-signed');
  return ok(parsed);
}

function parseBundle(text: string): TrustBundle | null {
  try {
    return TrustBundle.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Not JSON, so not a bundle; the caller says so.
    return null;
  }
}
