/**
 * Decides whether this host may carry out what it was sent. Pure: keys, time and ledger are arguments.
 *
 * Whoever holds the connection can send anything; only what a trusted envelope key signed, for this host, as part of the
 * plan that it names, inside its window, once, and in a version of the action that this agent knows, is run.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { err, ok, parseJson, type Result } from '@pilothouse/base';
import {
  type Envelope,
  type EnvelopeKey,
  EnvelopePayload,
  type ErrorDetails,
  type PlanHeader,
  placedProblem,
  planDigest,
  type Step,
  signedTextOf,
  verifyStep,
} from '@pilothouse/contract';
import type { ActionRegistry } from './action-registry.ts';
import { CLOCK_SKEW_MS_MAX } from './server-time.ts';

export interface Refusal {
  readonly code: string;
  readonly details: ErrorDetails;
}

export interface EnvelopeJudge {
  readonly hostId: string;
  readonly trustedKeys: readonly EnvelopeKey[];
  readonly registry: ActionRegistry;
  readonly isHeld: boolean;
  /** What came with this frame may be: an offer carries no probe, and a probe nothing else. */
  readonly kinds: readonly EnvelopePayload['kind'][];
  /** Milliseconds; null when the server has not said it yet, and the envelope's own word is all there is. */
  readonly serverNowMs: number | null;
  readonly skewMs: number;
  readonly hasRun: (step: { planDigest: string; stepIndex: number; attempt: number }) => boolean;
}

/** The key and bytes of a signature check; DER prefix of an Ed25519 public key before its 32 raw bytes (RFC 8410). */
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export function publicKeyOf(raw: string): KeyObject {
  return createPublicKey({
    key: Buffer.concat([ED25519_SPKI_PREFIX, Buffer.from(raw, 'base64')]),
    format: 'der',
    type: 'spki',
  });
}

/** True when one of the signatures over tag and text is by one of the keys. Never throws on hostile input. */
export function isSignedBy(
  keys: readonly EnvelopeKey[],
  tag: string,
  text: string,
  signatures: readonly { keyId: string; value: string }[],
): boolean {
  const bytes = Buffer.from(tag + text);
  return signatures.some(({ keyId, value }) => {
    const key = keys.find((known) => known.id === keyId);
    const signature = Buffer.from(value, 'base64');
    // Node reads base64 leniently; one text for one signature, so that nothing in an envelope can be changed unseen.
    if (key === undefined || signature.toString('base64') !== value) return false;
    return verify(null, bytes, publicKeyOf(key.raw), signature);
  });
}

export function verifyEnvelope(envelope: Envelope, judge: EnvelopeJudge): Result<EnvelopePayload, Refusal> {
  const refuse = (code: string, details: ErrorDetails = {}) => err({ code, details });
  const signed = signedTextOf(envelope);
  if (signed === null || !isSignedBy(judge.trustedKeys, signed.tag, signed.text, envelope.signatures)) {
    return refuse('TASK_SIGNATURE_INVALID');
  }
  const read = readPayload(envelope.payload);
  if (read === null || !isPartOfPlan(read)) return refuse('TASK_PLAN_MISMATCH');
  const { payload } = read;
  if (!judge.kinds.includes(payload.kind)) return refuse('TASK_PLAN_MISMATCH');
  if (payload.step.hostId !== judge.hostId) return refuse('TASK_WRONG_HOST', { target: payload.step.hostId });
  if (payload.kind === 'run' && judge.hasRun(payload)) return refuse('TASK_ALREADY_RAN');
  const { notBefore, notAfter, header } = payload;
  const now = Math.max(judge.serverNowMs ?? 0, Date.parse(payload.serverTime));
  if (now < Date.parse(notBefore) || now > Date.parse(notAfter))
    return refuse('TASK_OUTSIDE_WINDOW', { notBefore, notAfter });
  // Nobody stretches what people signed: an envelope's window lies within its plan's.
  if (now < Date.parse(header.notBefore) || now > Date.parse(header.expiresAt))
    return refuse('TASK_OUTSIDE_WINDOW', { notBefore: header.notBefore, notAfter: header.expiresAt });
  if (judge.isHeld) return refuse('TASK_HOST_HELD');
  if (Math.abs(judge.skewMs) > CLOCK_SKEW_MS_MAX) {
    return refuse('TASK_CLOCK_WRONG', { skewSeconds: Math.round(judge.skewMs / 1000) });
  }
  const refusal = refusalOfActions(payload, judge.registry);
  return refusal === null ? ok(payload) : err(refusal);
}

/**
 * The payload beside its header and step as they were signed. Digests are taken over these: what a newer server adds to a
 * plan is part of its digest, although this agent does not know it.
 */
interface SignedPayload {
  readonly payload: EnvelopePayload;
  readonly signedHeader: PlanHeader;
  readonly signedStep: Step;
}

function readPayload(text: string): SignedPayload | null {
  try {
    const raw = parseJson(text) as { header: PlanHeader; step: Step }; // Checked as a whole by the next line.
    const parsed = EnvelopePayload.safeParse(raw);
    if (!parsed.success) return null;
    return { payload: parsed.data, signedHeader: raw.header, signedStep: raw.step };
  } catch {
    // Not JSON, or too deep: nothing a plan could be made of.
    return null;
  }
}

function isPartOfPlan({ payload, signedHeader, signedStep }: SignedPayload): boolean {
  const { header, stepIndex, proof } = payload;
  if (planDigest(signedHeader) !== payload.planDigest) return false;
  return verifyStep({
    step: signedStep,
    index: stepIndex,
    count: header.stepsCount,
    proof,
    root: header.stepsRoot,
  });
}

const NOT_KNOWN = { en: 'it is not known here', zh: '本机没有该操作' };

function refusalOfActions(payload: EnvelopePayload, registry: ActionRegistry): Refusal | null {
  for (const { action, parameters } of payload.step.actions) {
    const known = registry.offered.get(action);
    if (known === undefined) {
      return {
        code: 'TASK_ACTION_UNKNOWN',
        details: { action, reason: registry.absent.get(action) ?? NOT_KNOWN },
      };
    }
    if (payload.header.actionSchemas[action] !== known.schemaDigest) {
      return { code: 'TASK_ACTION_CHANGED', details: { action } };
    }
    const parsed = known.action.spec.parameters.safeParse(parameters);
    if (!parsed.success) {
      // Both languages: who will read it is known where the answer is shown.
      const problem = placedProblem(known.action.spec.parameters, parameters, parsed.error);
      return { code: 'TASK_PARAMETERS_INVALID', details: { action, problem } };
    }
  }
  return null;
}
