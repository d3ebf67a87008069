import type { Clock } from '@pilothouse/base';
import {
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

/** Envelopes signed between two looks at the sockets: about 15 ms. */
const SENDS_PER_TURN = 64;

export interface SendDeps {
  readonly clock: Clock;
  readonly gateway: Pick<GatewayService, 'send'>;
  readonly signer: Signer;
  readonly isPresent: (hostId: HostId) => boolean;
  readonly isClosedNow: (active: ActiveRollout, index: number) => boolean;
  readonly creditFor: (active: ActiveRollout) => number;
  /** The offer certainly never left, and its host has no session. */
  readonly unsent: (offer: Offer) => void;
  /** The offer certainly never left: its task was asked back since, or may not start any more. */
  readonly notWanted: (offer: Offer) => void;
  /** The session's queue is full: to be sent a little later. */
  readonly later: (offer: Offer) => void;
}

export type Offer = Extract<Send, { kind: 'offer' }>;

export async function sendBatch(deps: SendDeps, batch: Batch): Promise<void> {
  let sent = 0;
  for (const send of batch.sends) {
    if (send.kind === 'offer') sendOffer(deps, send);
    else if (deps.isPresent(send.hostId)) deps.gateway.send(send.hostId, send.frame);
    sent += 1;
    if (sent % SENDS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Sends an offer if its task still stands as it was committed. */
export function sendOffer(deps: SendDeps, offer: Offer): void {
  const { active, index, attempt } = offer;
  const task = active.state.tasks[index];
  if (task?.phase !== 'offered' || task.attempt !== attempt || task.isAccepted) return;
  if (!deps.isPresent(task.hostId)) return deps.unsent(offer);
  // A slow disk may hold an offer back until its window has closed.
  if (task.ask !== null || deps.isClosedNow(active, index)) return deps.notWanted(offer);
  const answer = deps.gateway.send(task.hostId, {
    kind: 'offer',
    taskId: taskIdOf(active.id, index),
    attempt,
    envelope: deps.signer.envelope(
      payloadOf(
        active,
        { index, attempt, kind: active.fixed.kind, startBy: task.deadlineAt },
        deps.clock.now(),
      ),
    ),
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
