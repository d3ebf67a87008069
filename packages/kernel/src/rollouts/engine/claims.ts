import { absurd } from '@pilothouse/base';
import type { ClaimAnswer } from './inputs.ts';
import { roomOf } from './limits.ts';
import type { EngineTask } from './state.ts';
import { end, offer, type Step, setHold, wake } from './task-moves.ts';

/** A window that says it opens in the past or at this moment would be asked for ever. */
const CLOSED_MS_MIN = 1000;

/** Asks for as many tasks of the current wave as the limits leave room for. */
export function claimMore(step: Step): void {
  const { state } = step;
  if (state.state !== 'running' || state.gate !== null) return;
  const indexes = state.config.waves[state.wave]?.indexes ?? [];
  let room = Math.min(roomOf(state), state.claimsLeft);
  while (room > 0) {
    const index = state.woken.shift() ?? indexes[state.cursor++] ?? null;
    if (index === null) {
      state.cursor = indexes.length;
      return;
    }
    const task = state.tasks[index];
    if (task?.phase !== 'pending' || task.hold !== null) continue;
    setHold(step, task, 'claimed');
    step.effects.push({ kind: 'claim', index });
    room -= 1;
    state.claimsLeft -= 1;
  }
}

export function answerClaim(step: Step, task: EngineTask, answer: ClaimAnswer): void {
  const isStale = task.phase !== 'pending' || task.hold !== 'claimed';
  if (isStale || (answer.kind === 'granted' && step.state.state !== 'running')) {
    if (answer.kind === 'granted')
      step.effects.push({ kind: 'release', index: task.index, how: 'never-started' });
    if (!isStale) wake(step, task);
    return;
  }
  switch (answer.kind) {
    case 'granted':
      return offer(step, task, answer.startBy ?? null);
    case 'locked':
    case 'stopped':
    case 'settling':
      return setHold(step, task, answer.kind);
    case 'over-budget':
    case 'crowded':
      return setHold(step, task, answer.kind, answer.details);
    case 'closed':
    case 'brief':
      return holdClosed(step, task, answer);
    case 'unfit':
      return end(step, task, 'skipped', answer.cause);
    case 'offline': {
      const policy = step.state.config.offline;
      const cause = { code: 'TASK_HOST_OFFLINE', details: {} };
      if (policy === 'wait') setHold(step, task, 'offline');
      else if (!answer.isCertain) setHold(step, task, 'settling');
      else end(step, task, policy === 'skip' ? 'skipped' : 'failed', cause);
      return;
    }
    default:
      absurd(answer);
  }
}

/** Until a window opens, or is over: all tasks that wait for one are asked again when the first may be. */
export function holdClosed(
  step: Step,
  task: EngineTask,
  { kind, until, details }: Extract<ClaimAnswer, { kind: 'closed' | 'brief' }>,
): void {
  setHold(step, task, kind, details);
  if (until === null) return;
  const at = Math.max(until, step.now + CLOSED_MS_MIN);
  step.state.closedUntil = Math.min(step.state.closedUntil ?? at, at);
}

/** The first of the closed tasks may find its window open: all are asked again, in order, as limits allow. */
export function wakeClosed(step: Step): void {
  const { state } = step;
  if (state.closedUntil === null || step.now < state.closedUntil) return;
  state.closedUntil = null;
  for (const index of state.config.waves[state.wave]?.indexes ?? []) {
    const task = state.tasks[index];
    if (task?.hold === 'closed' || task?.hold === 'brief') wake(step, task);
  }
}
