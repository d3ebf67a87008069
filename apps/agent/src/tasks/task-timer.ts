import { TIMED_OUT } from '@pilothouse/agent-kit';
import type { Clock } from '@pilothouse/base';
import type { EnvelopePayload } from '@pilothouse/contract';
import type { ActionRegistry } from './action-registry.ts';

/** The time limit of a task. Stages stop it, because they have limits of their own; after one it begins anew. */
export interface TaskTimer {
  restart(): void;
  stop(): void;
}

export function createTaskTimer(clock: Clock, limitMs: number, controller: AbortController): TaskTimer {
  let cancel = (): void => {};
  const stop = (): void => {
    cancel();
    cancel = () => {};
  };
  return {
    stop,
    restart() {
      stop();
      cancel = clock.after(limitMs, () => controller.abort(TIMED_OUT));
    },
  };
}

/** The envelope's limit, and no more than the actions themselves allow. */
export function timeoutMsOf({ timeoutMs, step }: EnvelopePayload, registry: ActionRegistry): number {
  const allowed = step.actions.map(
    ({ action }) => registry.offered.get(action)?.action.spec.timeoutMsMax ?? 0,
  );
  return Math.min(
    timeoutMs,
    allowed.reduce((sum, each) => sum + each, 0),
  );
}
