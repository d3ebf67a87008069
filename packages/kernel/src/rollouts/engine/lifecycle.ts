import type { RolloutCause, RolloutState } from '@pilothouse/contract';
import {
  type Cause,
  type EngineState,
  failuresOf,
  isRolloutEnd,
  isTaskEnd,
  unresolvedOf,
  wavesCountOf,
} from './state.ts';
import { ask, cancelAsk, end, type Step } from './task-moves.ts';

/** Moves the rollout; each transition has exactly one cause. */
export function move(step: Step, to: RolloutState, cause: RolloutCause): void {
  const { state } = step;
  const from = state.state;
  state.state = to;
  state.cause = cause;
  if (to === 'running') state.startedAt ??= step.now;
  if (isRolloutEnd(to)) state.endedAt = step.now;
  step.effects.push({ kind: 'rollout-changed', from, to, cause });
}

export const isGoingOn = (state: EngineState): boolean =>
  state.state === 'scheduled' || state.state === 'running' || state.state === 'paused';

/** Nothing new starts: pending tasks end, offered ones are asked back, running ones go on unless they are to be ended. */
export function endUnstarted(
  step: Step,
  how: { state: 'cancelled' | 'expired'; cause: Cause; endRunning: boolean },
): void {
  for (const task of step.state.tasks) {
    if (task.phase === 'pending') end(step, task, how.state, how.cause);
    else if (task.phase === 'offered')
      ask(step, task, {
        kind: 'withdraw',
        then: { kind: 'end', state: how.state, cause: how.cause },
        isEndedIfStarted: how.endRunning,
      });
    else if (task.phase === 'running' && how.endRunning) ask(step, task, cancelAsk(how.cause));
  }
  // What still stands in `woken` is no longer pending and is passed over.
}

export function haltAtFailureLimit(step: Step): void {
  const { state } = step;
  const { failuresMax } = state.config;
  const failures = failuresOf(state);
  if (failuresMax === null || failures <= failuresMax || !isGoingOn(state)) return;
  const details = { failures, failuresMax };
  move(step, 'halting', { code: 'ROLLOUT_FAILURE_LIMIT', details, by: null });
  endUnstarted(step, {
    state: 'cancelled',
    cause: { code: 'TASK_ROLLOUT_HALTED', details },
    endRunning: false,
  });
}

export function expire(step: Step): void {
  const { state, now } = step;
  if (now < state.config.expiresAt || !isGoingOn(state)) return;
  if (state.counts.pending + state.counts.offered === 0) return;
  move(step, 'halting', {
    code: 'ROLLOUT_EXPIRED',
    details: { pending: state.counts.pending, offered: state.counts.offered },
    by: null,
  });
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

/** Opens the next wave when the previous has fully ended, and ends the rollout after the last task. */
export function settle(step: Step): void {
  const { state } = step;
  if (isRolloutEnd(state.state)) return;
  while (isGoingOn(state) && state.waveOpen === 0 && state.wave + 1 < wavesCountOf(state)) {
    state.wave += 1;
    state.cursor = state.wave * state.config.hostsPerWave;
    const waveEnd = Math.min(state.cursor + state.config.hostsPerWave, state.tasks.length);
    state.waveOpen = 0;
    for (let index = state.cursor; index < waveEnd; index++) {
      const task = state.tasks[index];
      if (task !== undefined && !isTaskEnd(task.phase)) state.waveOpen += 1;
    }
  }
  if (unresolvedOf(state) > 0 || state.counts.pending > 0) return;
  finish(step);
}

function finish(step: Step): void {
  const { state } = step;
  if (state.state === 'cancelling') return move(step, 'cancelled', state.cause);
  if (state.state === 'halting' && state.cause.code === 'ROLLOUT_FAILURE_LIMIT')
    return move(step, 'halted', state.cause);
  if (state.counts.expired > 0) return move(step, 'expired', state.cause);
  const { succeeded, failed, unknown, skipped, cancelled } = state.counts;
  const details = { succeeded, failed, unknown, skipped, cancelled };
  if (failed + unknown > 0) return move(step, 'failed', { code: 'ROLLOUT_HAD_FAILURES', details, by: null });
  if (succeeded === 0) return move(step, 'failed', { code: 'ROLLOUT_NOTHING_RAN', details, by: null });
  move(step, 'succeeded', { code: 'ROLLOUT_DONE', details, by: null });
}
