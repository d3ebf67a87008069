import { needsRollback } from './rollback.ts';
import { type EngineState, isGoingOn, isRolloutEnd, unresolvedOf } from './state.ts';
import { ask, cancelAsk, endUnstarted, move, type Step } from './task-moves.ts';
import { openWaves } from './waves.ts';

/** Ends what has not started by the plan's expiry, and a wait for gates that nothing is left to follow. */
export function expire(step: Step): void {
  const { state, now } = step;
  if (now < state.config.expiresAt || !isGoingOn(state)) return;
  const { pending, offered } = state.counts;
  if (pending + offered === 0 && state.gate === null) return;
  const gate = state.gate === null ? undefined : state.config.waves[state.wave]?.gates[state.gate.at]?.name;
  const details = { pending, offered };
  const cause =
    pending + offered === 0 && gate !== undefined
      ? { code: 'ROLLOUT_EXPIRED_AT_GATE', details: { ...details, gate, wave: state.wave + 1 } }
      : { code: 'ROLLOUT_EXPIRED', details };
  move(step, 'halting', { ...cause, by: null });
  endUnstarted(step, {
    state: 'expired',
    cause: { code: 'TASK_ROLLOUT_EXPIRED', details: {} },
    endRunning: false,
  });
}

export function cancelRollout(step: Step, by: string, endRunning: boolean): void {
  const { state } = step;
  const cause = { code: 'TASK_ROLLOUT_CANCELLED', details: { by } };
  if (isGoingOn(state)) {
    move(step, 'cancelling', { code: 'ROLLOUT_CANCELLED', details: { endRunning }, by });
    endUnstarted(step, { state: 'cancelled', cause, endRunning });
    return;
  }
  // Already winding down: the one thing left to ask for is that running tasks end, too.
  if (!endRunning) return;
  for (const task of state.tasks) {
    if (task.phase === 'running') ask(step, task, cancelAsk(cause));
    else if (task.phase === 'offered' && task.ask !== null)
      ask(step, task, { ...task.ask, isEndedIfStarted: true });
  }
}

/** Opens what may be opened, and ends the rollout after its last task and gate. */
export function settle(step: Step): void {
  const { state } = step;
  if (isRolloutEnd(state.state) || state.state === 'rolling-back') return;
  const isThrough = isGoingOn(state) && openWaves(step);
  if (unresolvedOf(state) > 0 || state.counts.pending > 0) return;
  if (isGoingOn(state) && !isThrough) return;
  finish(step);
}

const HALTS: readonly string[] = [
  'ROLLOUT_FAILURE_LIMIT',
  'ROLLOUT_WAVE_FAILURE_LIMIT',
  'ROLLOUT_CANARY_UNTRIED',
  'ROLLOUT_GATE_FAILED',
];
/** Whether the cause of this state says that limits or gates were not met. */
const wasHalted = (state: EngineState): boolean =>
  state.state === 'halting' && HALTS.includes(state.cause.code);

function finish(step: Step): void {
  const { state } = step;
  if (state.state === 'cancelling') return move(step, 'cancelled', state.cause);
  if (wasHalted(state) && needsRollback(state)) {
    move(step, 'rolling-back', state.cause);
    step.effects.push({ kind: 'roll-back' });
    return;
  }
  if (wasHalted(state)) return move(step, 'halted', state.cause);
  if (state.counts.expired > 0 || state.cause.code === 'ROLLOUT_EXPIRED_AT_GATE')
    return move(step, 'expired', state.cause);
  const { succeeded, failed, unknown, skipped, cancelled } = state.counts;
  const details = { succeeded, failed, unknown, skipped, cancelled };
  if (failed + unknown > 0) return move(step, 'failed', { code: 'ROLLOUT_HAD_FAILURES', details, by: null });
  if (succeeded === 0) return move(step, 'failed', { code: 'ROLLOUT_NOTHING_RAN', details, by: null });
  move(step, 'succeeded', { code: 'ROLLOUT_DONE', details, by: null });
}
