import type { JsonObject } from '@pilothouse/contract';
import { type EngineState, isRolloutEnd, unresolvedMax, unresolvedOf } from './state.ts';

interface Reason {
  readonly code: string;
  readonly details: JsonObject;
}

/** Names what the rollout waits for. A rollout that has not ended always waits for something. */
export function updateWaiting(state: EngineState, now: number): void {
  const reason = reasonOf(state);
  if (reason === null) {
    state.waiting = null;
    return;
  }
  const since = state.waiting?.code === reason.code ? state.waiting.since : now;
  state.waiting = { ...reason, since };
}

function reasonOf(state: EngineState): Reason | null {
  if (isRolloutEnd(state.state)) return null;
  if (state.state === 'scheduled')
    return { code: 'WAITS_FOR_TIME', details: { notBefore: state.config.notBefore } };
  if (state.state === 'paused') return { code: 'WAITS_FOR_RESUME', details: {} };
  const unresolved = unresolvedOf(state);
  if (state.state !== 'running') return { code: 'WAITS_FOR_RUNNING', details: { tasks: unresolved } };
  const { held } = state;
  const inLine = state.waveOpen - unresolved - held.offline - held.settling - held.locked - held.stopped;
  const allowed = unresolvedMax(state);
  if (inLine > 0 && unresolved >= allowed) {
    const code = allowed < state.config.inFlightMax ? 'WAITS_FOR_FAILURE_THROTTLE' : 'WAITS_FOR_IN_FLIGHT';
    return { code, details: { unresolved, allowed, inLine } };
  }
  if (unresolved > 0) return { code: 'WAITS_FOR_RUNNING', details: { tasks: unresolved } };
  if (held.stopped > 0) return { code: 'WAITS_FOR_STOP_CLEARED', details: { hosts: held.stopped } };
  if (held.locked > 0) return { code: 'WAITS_FOR_HOST_LOCK', details: { hosts: held.locked } };
  if (held.settling > 0) return { code: 'WAITS_FOR_SETTLING', details: { hosts: held.settling } };
  if (held.offline > 0) return { code: 'WAITS_FOR_HOSTS', details: { hosts: held.offline } };
  return { code: 'WAITS_FOR_SERVER', details: { inLine } };
}
