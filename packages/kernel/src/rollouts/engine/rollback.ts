import type { EngineState, EngineTask } from './state.ts';
import { move, type Step } from './task-moves.ts';

/** Whether the task may have changed its host: only what certainly never started has not. */
export const isTouched = (task: Pick<EngineTask, 'phase' | 'startedAt'>): boolean =>
  task.startedAt !== null || task.phase === 'succeeded' || task.phase === 'unknown';

export const needsRollback = (state: EngineState): boolean =>
  state.config.onFailure === 'rollback' && state.tasks.some(isTouched);

export function noteRollback(step: Step, rolloutId: string): void {
  step.state.rolledBackBy = rolloutId;
}

/** The rollout that undoes this one has ended: this one is rolled back, or stays halted and says that undoing failed. */
export function endRollback(
  step: Step,
  ended: { readonly rolloutId: string | null; readonly isDone: boolean; readonly why: string },
): void {
  const { state } = step;
  if (state.state !== 'rolling-back' || state.rolledBackBy !== ended.rolloutId) return;
  const haltedBy = state.cause.code;
  if (ended.isDone) {
    const details = { rolloutId: ended.rolloutId, haltedBy };
    return move(step, 'rolled-back', { code: 'ROLLOUT_ROLLED_BACK', details, by: null });
  }
  const details = { rolloutId: ended.rolloutId, haltedBy, why: ended.why };
  move(step, 'halted', { code: 'ROLLOUT_ROLLBACK_FAILED', details, by: null });
}
