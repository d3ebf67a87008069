/**
 * What the signatures of an envelope are over.
 *
 * Problem: a signature costs the server more than everything else that it computes for a task, and a command on ten thousand
 * hosts would be ten thousand of them.
 *
 * Rule: envelopes that leave together may be signed together. The payloads are the leaves of a tree as a plan's steps are
 * (see plan-digest.ts), the signature is over the number of leaves and the root, and each envelope carries its place in the
 * tree. Nothing else changes: whoever cannot sign can put no payload in a tree that was signed, and no host sees the payload
 * of another. The tags keep a payload's signature, a batch's and a plan's apart, and the leaf of a batch begins with the
 * envelope's tag, so that no step of a plan is ever one.
 *
 * Limits: one such envelope proves that its batch had so many members, and nothing about them.
 */
import { ENVELOPE_BATCH_TAG, ENVELOPE_TAG, type Envelope } from './envelope.ts';
import { hashLeaf, rootAbove } from './plan-digest.ts';
import type { Digest } from './scalars.ts';

export interface SignedText {
  readonly tag: string;
  readonly text: string;
}

/** The text of a payload's leaf. */
export const batchLeafText = (payload: string): string => ENVELOPE_TAG + payload;

export const signedBatchText = (count: number, root: Digest): SignedText => ({
  tag: ENVELOPE_BATCH_TAG,
  text: `${count} ${root}`,
});

/** Null: its place in a batch is none, so no signature can be good. */
export function signedTextOf({ payload, batch }: Pick<Envelope, 'payload' | 'batch'>): SignedText | null {
  if (batch === undefined) return { tag: ENVELOPE_TAG, text: payload };
  const root = rootAbove(hashLeaf(batchLeafText(payload)), batch);
  return root === null ? null : signedBatchText(batch.count, root);
}
