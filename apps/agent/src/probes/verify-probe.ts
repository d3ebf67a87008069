import { err, ok, type Result } from '@pilothouse/base';
import type { Envelope, EnvelopePayload } from '@pilothouse/contract';
import type { Gatekeeper } from '../policy/gatekeeper.ts';
import type { ActionRegistry } from '../tasks/action-registry.ts';
import type { ServerTime } from '../tasks/server-time.ts';
import { type EnvelopeJudge, type Refusal, verifyEnvelope } from '../tasks/verify-envelope.ts';

/** An envelope that came in a probe frame, judged like that of a task; that its step ran before is no objection. */
export function verifyProbe(
  envelope: Envelope,
  world: {
    readonly judge: Pick<EnvelopeJudge, 'hostId' | 'trustedKeys' | 'isHeld'>;
    readonly registry: ActionRegistry;
    readonly serverTime: ServerTime;
    readonly gatekeeper: Gatekeeper;
  },
): Result<EnvelopePayload, Refusal> {
  const { judge, registry, serverTime, gatekeeper } = world;
  const verified = verifyEnvelope(envelope, {
    ...judge,
    registry,
    kinds: ['probe'],
    serverNowMs: serverTime.now(),
    skewMs: serverTime.skewMs(),
    hasRun: () => false,
  });
  if (!verified.ok) return verified;
  const granted = gatekeeper.judge(verified.value);
  return granted.ok ? ok(verified.value) : err(granted.error);
}
