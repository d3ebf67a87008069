import {
  batchLeafText,
  type Envelope,
  type EnvelopePayload,
  type PlanHeader,
  rootOf,
  signedBatchText,
} from '@pilothouse/contract';
import type { Signer } from '../../enrolment/service.ts';
import { fastProof, treeOverTexts } from '../../plans/index.ts';

/** Payloads as text. Their header is one object for all hosts of a plan, and most of the text. */
export type PayloadText = (payload: EnvelopePayload) => string;

export function createPayloadText(): PayloadText {
  const headers = new WeakMap<PlanHeader, string>();
  return ({ header, ...rest }) => {
    const text = headers.get(header) ?? JSON.stringify(header);
    headers.set(header, text);
    return `{"header":${text},${JSON.stringify(rest).slice(1)}`;
  };
}

/** Envelopes under one signature, in the order of their payloads; for agents that know `batch-signature`. */
export function sealTogether(signer: Pick<Signer, 'sign'>, payloads: readonly string[]): Envelope[] {
  if (payloads.length === 0) return [];
  const tree = treeOverTexts(payloads.map(batchLeafText));
  const { tag, text } = signedBatchText(payloads.length, rootOf(tree));
  const signature = signer.sign(tag, text);
  return payloads.map((payload, index) => ({
    payload,
    signatures: [signature],
    batch: { index, count: payloads.length, proof: fastProof(tree, index) },
  }));
}
