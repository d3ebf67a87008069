import { type JsonObject, toTimestamp } from '@pilothouse/contract';
import { gateNow, isJudged } from './gates.ts';
import { allowedOf } from './limits.ts';
import { type EngineState, type GatePhase, type Hold, isRolloutEnd, unresolvedOf } from './state.ts';

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
  const before = state.waiting;
  const isSame = before?.code === reason.code && before.details['gate'] === reason.details['gate'];
  state.waiting = { ...reason, since: isSame ? before.since : now };
}

/** In the order in which they matter: what a person can do something about first. */
const HELD: readonly (readonly [Hold, string])[] = [
  ['stopped', 'WAITS_FOR_STOP_CLEARED'],
  ['over-budget', 'WAITS_FOR_BUDGET'],
  ['closed', 'WAITS_FOR_WINDOW'],
  ['brief', 'WAITS_FOR_LONGER_WINDOW'],
  ['locked', 'WAITS_FOR_HOST_LOCK'],
  ['settling', 'WAITS_FOR_SETTLING'],
  ['offline', 'WAITS_FOR_HOSTS'],
  ['crowded', 'WAITS_FOR_LABEL_LIMIT'],
];

function reasonOf(state: EngineState): Reason | null {
  if (isRolloutEnd(state.state)) return null;
  if (state.state === 'awaiting-approval') {
    const { required, given } = state.missing ?? { required: 0, given: 0 };
    return { code: 'WAITS_FOR_APPROVAL', details: { required, given } };
  }
  if (state.state === 'scheduled')
    return { code: 'WAITS_FOR_TIME', details: { notBefore: state.config.notBefore } };
  if (state.state === 'paused') return { code: 'WAITS_FOR_RESUME', details: {} };
  if (state.state === 'rolling-back')
    return { code: 'WAITS_FOR_ROLLBACK', details: { rolloutId: state.rolledBackBy ?? '' } };
  const unresolved = unresolvedOf(state);
  if (state.state !== 'running') return { code: 'WAITS_FOR_RUNNING', details: { tasks: unresolved } };
  if (state.gate !== null) return reasonOfGate(state, state.gate);
  return reasonOfWave(state, unresolved);
}

function reasonOfWave(state: EngineState, unresolved: number): Reason {
  const { held } = state;
  const heldCount = HELD.reduce((sum, [hold]) => sum + held[hold], 0);
  const inLine = state.waveOpen - unresolved - heldCount;
  const { allowed, throttle } = allowedOf(state);
  if (inLine > 0 && unresolved >= allowed) {
    const code = throttle === 'in-flight' ? 'WAITS_FOR_IN_FLIGHT' : 'WAITS_FOR_FAILURE_THROTTLE';
    return { code, details: { unresolved, allowed, inLine, throttle } };
  }
  if (unresolved > 0) return { code: 'WAITS_FOR_RUNNING', details: { tasks: unresolved } };
  for (const [hold, code] of HELD)
    if (held[hold] > 0) return { code, details: { ...state.holdNotes.get(hold), hosts: held[hold] } };
  return { code: 'WAITS_FOR_SERVER', details: { inLine } };
}

function reasonOfGate(state: EngineState, phase: GatePhase): Reason {
  const gate = gateNow({ state });
  const where = { wave: state.wave + 1, waveName: state.config.waves[state.wave]?.name ?? '' };
  if (gate === null) return { code: 'WAITS_FOR_SERVER', details: { inLine: 0 } };
  const named = { gate: gate.name, ...where };
  if (gate.kind === 'confirm')
    return { code: 'WAITS_FOR_CONFIRMATION', details: { ...named, text: gate.text } };
  if (gate.kind === 'wait')
    return {
      code: 'WAITS_FOR_PAUSE_BETWEEN_WAVES',
      details: { ...named, until: toTimestamp(phase.enteredAt + gate.waitMs) },
    };
  if (!isJudged(gate)) return { code: 'WAITS_FOR_SERVER', details: { inLine: 0 } };
  const { judgement, soakedMs } = phase;
  const soak = { ...named, soakedSeconds: Math.floor(soakedMs / 1000), soakSeconds: gate.soakMs / 1000 };
  if (judgement?.kind === 'undetermined')
    return { code: 'WAITS_FOR_GATE', details: { ...soak, reason: judgement.reason } };
  return { code: 'WAITS_FOR_SOAK', details: soak };
}
