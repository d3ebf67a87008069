/**
 * Decides whether this host may carry out what it was sent. Pure: keys, time and ledger are arguments.
 *
 * Whoever holds the connection can send anything; only what a trusted envelope key signed, for this host, as part of the
 * plan that it names, inside its window, once, and in a version of the action that this agent knows, is run.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { err, ok, type Result } from '@pilothouse/base';
import {
  ENVELOPE_TAG,
  type Envelope,
  type EnvelopeKey,
  EnvelopePayload,
  type ErrorDetails,
  planDigest,
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
  /** Milliseconds; the later of what the server last said and what the envelope says. */
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
    return key !== undefined && verify(null, bytes, publicKeyOf(key.raw), Buffer.from(value, 'base64'));
  });
}

export function verifyEnvelope(envelope: Envelope, judge: EnvelopeJudge): Result<EnvelopePayload, Refusal> {
  const refuse = (code: string, details: ErrorDetails = {}) => err({ code, details });
  if (!isSignedBy(judge.trustedKeys, ENVELOPE_TAG, envelope.payload, envelope.signatures)) {
    return refuse('TASK_SIGNATURE_INVALID');
  }
  const payload = parsePayload(envelope.payload);
  if (payload === null) return refuse('TASK_PLAN_MISMATCH');
  if (!isPartOfPlan(payload)) return refuse('TASK_PLAN_MISMATCH');
  if (payload.step.hostId !== judge.hostId) return refuse('TASK_WRONG_HOST', { target: payload.step.hostId });
  if (
    judge.hasRun({ planDigest: payload.planDigest, stepIndex: payload.stepIndex, attempt: payload.attempt })
  ) {
    return refuse('TASK_ALREADY_RAN');
  }
  const { notBefore, notAfter } = payload;
  const now = Math.max(judge.serverNowMs ?? 0, Date.parse(payload.serverTime));
  if (now < Date.parse(notBefore) || now > Date.parse(notAfter))
    return refuse('TASK_OUTSIDE_WINDOW', { notBefore, notAfter });
  if (judge.isHeld) return refuse('TASK_HOST_HELD');
  if (Math.abs(judge.skewMs) > CLOCK_SKEW_MS_MAX) {
    return refuse('TASK_CLOCK_WRONG', { skewSeconds: Math.round(judge.skewMs / 1000) });
  }
  const refusal = refusalOfActions(payload, judge.registry);
  return refusal === null ? ok(payload) : err(refusal);
}

function parsePayload(text: string): EnvelopePayload | null {
  try {
    const parsed = EnvelopePayload.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function isPartOfPlan(payload: EnvelopePayload): boolean {
  const { header, step, stepIndex, proof } = payload;
  if (planDigest(header) !== payload.planDigest) return false;
  return verifyStep({ step, index: stepIndex, count: header.stepsCount, proof, root: header.stepsRoot });
}

function refusalOfActions(payload: EnvelopePayload, registry: ActionRegistry): Refusal | null {
  for (const { action, parameters } of payload.step.actions) {
    const known = registry.offered.get(action);
    if (known === undefined) {
      return {
        code: 'TASK_ACTION_UNKNOWN',
        details: { action, reason: registry.absent.get(action) ?? 'not known' },
      };
    }
    if (payload.header.actionSchemas[action] !== known.schemaDigest) {
      return { code: 'TASK_ACTION_CHANGED', details: { action } };
    }
    const parsed = known.action.spec.parameters.safeParse(parameters);
    if (!parsed.success) {
      const problem = parsed.error.issues
        .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
        .join('; ');
      return { code: 'TASK_PARAMETERS_INVALID', details: { action, problem } };
    }
  }
  return null;
}
