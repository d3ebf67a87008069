import type { Clock, Result } from '@pilothouse/base';
import { err, ok } from '@pilothouse/base';
import type { EnvelopePayload } from '@pilothouse/contract';
import type { Journal } from '../journal/journal.ts';
import type { GrantedBy } from '../journal/journal-record.ts';
import type { ActionRegistry } from '../tasks/action-registry.ts';
import { CLOCK_SKEW_MS_MAX, type ServerTime } from '../tasks/server-time.ts';
import type { Refusal } from '../tasks/verify-envelope.ts';
import { judgeAuthority } from './judge-authority.ts';
import type { TrustPolicyFile } from './trust-policy-file.ts';

/**
 * Asked twice for each task: when it is taken, and when it begins, because in between another one may have used what it
 * rests on, a key may have expired, or somebody may have changed the policy. Asked once for each probe.
 */
export interface Gatekeeper {
  judge(payload: EnvelopePayload): Result<GrantedBy, Refusal>;
  /** Whether this host goes by more than the server's word; also when nobody can tell, its policy being damaged. */
  isStrict(): boolean;
  /** A time that neither the server nor the host's clock alone can push forward: what is over by it, is over. Null: unknown. */
  surelyNowMs(): number | null;
}

export function createGatekeeper(deps: {
  readonly file: TrustPolicyFile;
  readonly registry: ActionRegistry;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly serverTime: ServerTime;
}): Gatekeeper {
  const { file, registry, journal, clock, serverTime } = deps;
  return {
    isStrict() {
      const state = file.current();
      return state.kind === 'policy' ? state.policy.mode === 'strict' : state.kind === 'damaged';
    },
    surelyNowMs() {
      const server = serverTime.now();
      return server === null ? null : Math.min(server, clock.now() + CLOCK_SKEW_MS_MAX);
    },
    judge(payload) {
      if (payload.kind === 'run' && journal.hasRun(payload))
        return err({ code: 'TASK_ALREADY_RAN', details: {} });
      const state = file.current();
      if (state.kind === 'none') return ok({ by: 'server', keys: [] });
      if (state.kind === 'damaged') {
        const { path, problem } = state;
        return err({ code: 'TASK_POLICY_DAMAGED', details: { path, problem } });
      }
      const times = [clock.now(), serverTime.now() ?? clock.now()];
      return judgeAuthority(payload, {
        policy: state.policy,
        registry,
        earliestMs: Math.min(...times),
        latestMs: Math.max(...times),
        hasBegun: (step) => journal.hasRun({ ...step, attempt: 1 }),
        ranPlan: (planDigest) => journal.ranPlan(planDigest),
        wasUndone: (planDigest) => journal.wasUndone(planDigest),
        usesOf: (mandateDigest) => journal.usesOf(mandateDigest),
      });
    },
  };
}
