/** For tests: people with keys of their own, the policy of a host that trusts them, and what they sign. */
import {
  MANDATE_TAG,
  type Mandate,
  type Operator,
  PLAN_SIGNATURE_TAG,
  type TrustPolicy,
} from '@pilothouse/contract';
import { type EnvelopeKeyPair, HOST_ID, newEnvelopeKey, signWith } from './test-authority.ts';

const FAR = '2099-01-01T00:00:00.000Z';

export interface TestOperator {
  readonly key: EnvelopeKeyPair;
  readonly operator: Operator;
}

export function newOperator(name: string, more: Partial<Operator> = {}): TestOperator {
  const key = newEnvelopeKey();
  return { key, operator: { keyId: key.id, publicKey: key.raw, name, notAfter: FAR, ...more } };
}

export const signPlan = ({ key }: TestOperator, planDigest: string) =>
  signWith(key, PLAN_SIGNATURE_TAG, planDigest);
export const signMandate = ({ key }: TestOperator, text: string) => signWith(key, MANDATE_TAG, text);

/** One signature for what can be taken back or repaired, two for what cannot. */
export const strictPolicy = (
  people: readonly TestOperator[],
  changes: Partial<TrustPolicy> = {},
): TrustPolicy => ({
  version: 1,
  mode: 'strict',
  operators: people.map(({ operator }) => operator),
  signatures: { read: 1, reversible: 1, disruptive: 1, destructive: 2 },
  allow: [],
  mandates: 'accept',
  ...changes,
});

export const mandateText = (changes: Partial<Mandate> = {}, nowMs = Date.now()): string =>
  JSON.stringify({
    version: 1,
    title: 'test',
    createdBy: 'ada',
    actions: [],
    hosts: { kind: 'ids', ids: [HOST_ID] },
    usesMax: 2,
    notBefore: new Date(nowMs - 60_000).toISOString(),
    expiresAt: new Date(nowMs + 3_600_000).toISOString(),
    isBreakGlass: false,
    nonce: 'nonce-1234',
    ...changes,
  } satisfies Mandate);
