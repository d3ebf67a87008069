import type { Clock } from '@pilothouse/base';
import {
  type Envelope,
  type EnvelopePayload,
  type HostId,
  OUTPUT_BYTES_MAX_DEFAULT,
  toTimestamp,
} from '@pilothouse/contract';
import type { Signer } from '../../enrolment/service.ts';
import type { GatewayService } from '../../gateway/service.ts';
import { OFFER_START_WINDOW_MS } from '../engine/index.ts';
import { type ActiveRollout, taskIdOf } from './active-rollout.ts';
import type { Batch, Send } from './batch.ts';
import { type PayloadText, sealTogether } from './seal-envelopes.ts';

/** Frames between two looks at the sockets: some 10 ms. Offers among them that can share a signature do. */
const SENDS_PER_TURN = 64;

export interface SendDeps {
  readonly clock: Clock;
  readonly gateway: Pick<GatewayService, 'send'>;
  readonly signer: Signer;
  readonly payloadText: PayloadText;
  readonly isPresent: (hostId: HostId) => boolean;
  /** Whether its agent takes envelopes that were signed together. */
  readonly takesBatches: (hostId: HostId) => boolean;
  readonly isClosedNow: (active: ActiveRollout, index: number) => boolean;
  readonly creditFor: (active: ActiveRollout) => number;
  /** The offer certainly never left, and its host has no session. */
  readonly unsent: (offer: Offer) => void;
  /** The offer certainly never left: its task was asked back since, or may not start any more. */
  readonly notWanted: (offer: Offer) => void;
  /** The session's queue is full: to be sent a little later. */
  readonly later: (offer: Offer) => void;
  /** What has to reach the host does not fit into its queue: it follows from its journal in its next session. */
  readonly cut: (hostId: HostId) => void;
}

export type Offer = Extract<Send, { kind: 'offer' }>;

export async function sendBatch(deps: SendDeps, { sends }: Pick<Batch, 'sends'>): Promise<void> {
  for (let at = 0; at < sends.length; at += SENDS_PER_TURN) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    sendTogether(deps, sends.slice(at, at + SENDS_PER_TURN));
  }
}

/** For an offer that could not be sent when its turn was. */
export const sendOffer = (deps: SendDeps, offer: Offer): void => sendTogether(deps, [offer]);

/** All in this turn of the event loop: what is checked first still holds when it is sent. */
function sendTogether(deps: SendDeps, sends: readonly Send[]): void {
  const offers = sends.filter((send) => send.kind === 'offer');
  const envelopes = seal(
    deps,
    offers.filter((offer) => isWanted(deps, offer)),
  );
  for (const send of sends) {
    if (send.kind === 'offer') sendSealed(deps, send, envelopes.get(send));
    else if (deps.isPresent(send.hostId)) sendFrame(deps, send);
  }
}

/** A task that is to end must not go on because its host reads slowly; all else is said again by itself. */
function sendFrame(deps: SendDeps, { hostId, frame }: Extract<Send, { kind: 'frame' }>): void {
  const answer = deps.gateway.send(hostId, frame);
  if (answer === 'full' && (frame.kind === 'cancel' || frame.kind === 'withdraw')) deps.cut(hostId);
}

/** Whether its task still stands as it was committed. */
function isWanted(deps: SendDeps, offer: Offer): boolean {
  const { active, index, attempt } = offer;
  const task = active.state.tasks[index];
  if (task?.phase !== 'offered' || task.attempt !== attempt || task.isAccepted) return false;
  if (!deps.isPresent(task.hostId)) {
    deps.unsent(offer);
    return false;
  }
  // A slow disk may hold an offer back until its window has closed.
  if (task.ask === null && !deps.isClosedNow(active, index)) return true;
  deps.notWanted(offer);
  return false;
}

const hostOf = ({ active, index }: Offer): HostId => active.state.tasks[index]?.hostId ?? '';

function seal(deps: SendDeps, offers: readonly Offer[]): Map<Offer, Envelope> {
  const now = deps.clock.now();
  const payload = ({ active, index, attempt }: Offer): EnvelopePayload => {
    const startBy = active.state.tasks[index]?.deadlineAt ?? null;
    return payloadOf(active, { index, attempt, kind: active.fixed.kind, startBy }, now);
  };
  const together = offers.filter((offer) => deps.takesBatches(hostOf(offer)));
  // One alone needs no tree.
  const shared = new Set(together.length > 1 ? together : []);
  const texts = [...shared].map((offer) => deps.payloadText(payload(offer)));
  const sealed = sealTogether(deps.signer, texts);
  const envelopes = new Map<Offer, Envelope>();
  for (const [at, offer] of [...shared].entries()) {
    const envelope = sealed[at];
    if (envelope !== undefined) envelopes.set(offer, envelope);
  }
  for (const offer of offers)
    if (!shared.has(offer)) envelopes.set(offer, deps.signer.envelope(payload(offer)));
  return envelopes;
}

function sendSealed(deps: SendDeps, offer: Offer, envelope: Envelope | undefined): void {
  if (envelope === undefined) return;
  const { active, index, attempt } = offer;
  const answer = deps.gateway.send(hostOf(offer), {
    kind: 'offer',
    taskId: taskIdOf(active.id, index),
    attempt,
    envelope,
    outputCreditBytes: deps.creditFor(active),
  });
  if (answer === 'offline') deps.unsent(offer);
  if (answer === 'full') deps.later(offer);
}

interface Wanted {
  readonly index: number;
  readonly attempt: number;
  readonly kind: EnvelopePayload['kind'];
  /** Milliseconds since the epoch: the last moment at which it may begin; null: as long as any offer. */
  readonly startBy: number | null;
}

/** The same path for what changes a host and for what asks it how it is: signed, proved, and for a short time. */
export function payloadOf(
  active: ActiveRollout,
  { index, attempt, kind, startBy }: Wanted,
  now: number,
): EnvelopePayload {
  const { plan, fixed, authority } = active;
  const notAfter = Math.min(
    fixed.expiresAt,
    startBy ?? Number.POSITIVE_INFINITY,
    now + OFFER_START_WINDOW_MS,
  );
  return {
    version: 1,
    kind,
    planDigest: active.planDigest,
    header: plan.plan.header,
    step: plan.step(index),
    stepIndex: index,
    proof: plan.proof(index),
    rolloutId: active.id,
    taskId: taskIdOf(active.id, index),
    attempt,
    notBefore: plan.plan.header.notBefore,
    notAfter: toTimestamp(notAfter),
    timeoutMs: fixed.strategy.taskTimeoutMs,
    outputBytesMax: OUTPUT_BYTES_MAX_DEFAULT,
    serverTime: toTimestamp(now),
    ...(authority === undefined ? {} : { authority }),
  };
}
