import { TIME_TAG } from '@pilothouse/contract';
import type { ServerFrame, ServerFrameOf } from '@pilothouse/wire';
import type { AgentParts } from '../agent-parts.ts';
import type { AgentLog } from '../log.ts';
import { isSignedBy } from '../tasks/verify-envelope.ts';
import type { SessionPeer } from './open-session.ts';

/** Hands a frame of the server to the part it is meant for. */
export function handleFrame(
  frame: ServerFrame,
  world: { readonly parts: AgentParts; readonly peer: SessionPeer; readonly log: AgentLog },
): void {
  const { parts, peer, log } = world;
  switch (frame.kind) {
    case 'offer':
      return parts.runner.offer(frame);
    case 'task-ask':
      return parts.runner.askedOf(frame.taskId);
    case 'withdraw':
      return parts.runner.withdraw(frame.taskId);
    case 'cancel':
      return parts.runner.cancel(frame.taskId);
    case 'credit':
      return parts.runner.credit(frame.taskId, frame.bytes);
    case 'outcome-saved':
      return parts.runner.saved(frame);
    case 'facts-wanted':
      return parts.uploads.want('facts', frame.digests);
    case 'outputs-wanted':
      return parts.uploads.want('outputs', frame.digests);
    case 'collect':
      return collect(frame, parts);
    case 'challenge':
      return void peer.send({ kind: 'challenge-answer', nonce: frame.nonce });
    case 'certificate':
      return parts.renewal.received(frame.chain, peer);
    case 'trust':
      return adoptTrust(frame, parts, { peer, log });
    case 'time':
      return learnTime(frame, parts, log);
    case 'checkpoint':
      return parts.witness.learn(frame.checkpoint, parts.trust.bundle.envelopeKeys);
    case 'probe':
      return parts.probes.ask(frame);
    // The session itself has dealt with these.
    case 'welcome':
    case 'come-back':
    case 'renew-only':
    case 'refused':
  }
}

/** Answered in whatever session there is by then: in another one than it was asked in, the answer means nothing. */
function collect({ facts, askId }: ServerFrameOf<'collect'>, parts: AgentParts): void {
  parts.facts.collect(facts, () => {
    if (askId !== undefined) parts.link.send({ kind: 'collected', askId });
  });
}

function adoptTrust(
  frame: ServerFrameOf<'trust'>,
  { trust, dialler }: AgentParts,
  { peer, log }: { readonly peer: SessionPeer; readonly log: AgentLog },
): void {
  try {
    for (const bundle of frame.bundles) {
      for (const version of trust.adopt([bundle])) {
        dialler.forget();
        log.info('trust moved forward', { version });
        peer.send({ kind: 'trust-adopted', version });
      }
    }
  } catch (cause) {
    // A full disk must not end the agent over it; the server offers it again in the next session.
    log.error('trust could not be kept', { cause: String(cause) });
  }
}

function learnTime(frame: ServerFrameOf<'time'>, { trust, serverTime }: AgentParts, log: AgentLog): void {
  const signatures = [{ keyId: frame.keyId, value: frame.signature }];
  if (isSignedBy(trust.bundle.envelopeKeys, TIME_TAG, frame.serverTime, signatures))
    serverTime.learn(Date.parse(frame.serverTime));
  else log.warn('server time is not signed by a trusted key', { keyId: frame.keyId });
}
