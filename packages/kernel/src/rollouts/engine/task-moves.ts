import type { TaskState } from '@pilothouse/contract';
import type { Effect } from './inputs.ts';
import {
  type Ask,
  type Cause,
  type EngineState,
  type EngineTask,
  type Hold,
  isTaskEnd,
  OFFER_START_WINDOW_MS,
  TASK_GRACE_MS,
} from './state.ts';

/** One input being carried out: the moves below write its effects. */
export interface Step {
  readonly state: EngineState;
  readonly now: number;
  readonly effects: Effect[];
}

function enter(step: Step, task: EngineTask, phase: TaskState): void {
  step.state.counts[task.phase] -= 1;
  step.state.counts[phase] += 1;
  task.phase = phase;
  step.effects.push({ kind: 'task-changed', index: task.index });
}

export function setHold(step: Step, task: EngineTask, hold: Hold | null): void {
  if (task.hold !== null) step.state.held[task.hold] -= 1;
  if (hold !== null) step.state.held[hold] += 1;
  task.hold = hold;
}

/** Puts a pending task back in line, before those that have not had a turn. */
export function wake(step: Step, task: EngineTask): void {
  setHold(step, task, null);
  step.state.woken.push(task.index);
}

export function offer(step: Step, task: EngineTask): void {
  setHold(step, task, null);
  task.ask = null;
  task.isAccepted = false;
  task.offeredAt = step.now;
  const { taskTimeoutMs } = step.state.config;
  setDeadline(step, task, step.now + OFFER_START_WINDOW_MS + taskTimeoutMs + TASK_GRACE_MS);
  enter(step, task, 'offered');
  step.effects.push({ kind: 'offer', index: task.index, attempt: task.attempt });
}

export function start(step: Step, task: EngineTask): void {
  task.isAccepted = true;
  task.startedAt = step.now;
  setDeadline(step, task, step.now + step.state.config.taskTimeoutMs + TASK_GRACE_MS);
  enter(step, task, 'running');
  if (task.ask?.kind !== 'withdraw') return;
  const { isEndedIfStarted } = task.ask;
  const cause = task.ask.then.kind === 'end' ? task.ask.then.cause : stoppedCause;
  task.ask = null;
  if (isEndedIfStarted) ask(step, task, cancelAsk(cause));
}

const stoppedCause: Cause = { code: 'TASK_STOPPED', details: {} };

export const cancelAsk = (cause: Cause): Ask => ({
  kind: 'cancel',
  then: { kind: 'end', state: 'cancelled', cause },
  isEndedIfStarted: true,
});

/** Asks the host; what was asked is durable, so it is asked again in every new session until there is an answer. */
export function ask(step: Step, task: EngineTask, request: Ask): void {
  task.ask = request;
  step.effects.push({ kind: 'task-changed', index: task.index });
  step.effects.push({ kind: request.kind, index: task.index });
}

export function end(step: Step, task: EngineTask, phase: TaskState, cause: Cause | null): void {
  const wasOpen = task.phase === 'offered' || task.phase === 'running';
  const wasEnded = isTaskEnd(task.phase);
  setHold(step, task, null);
  task.cause = cause;
  task.ask = null;
  task.endedAt = step.now;
  task.deadlineAt = null;
  enter(step, task, phase);
  if (wasOpen) step.effects.push({ kind: 'release', index: task.index });
  if (!wasEnded && task.wave === step.state.wave) step.state.waveOpen -= 1;
}

/** The host certainly never ran it: the task ends as the withdrawal meant, or stands in line again. */
export function neverStarted(step: Step, task: EngineTask, hasUsedAttempt: boolean): void {
  const then = task.ask?.then ?? { kind: 'again' as const };
  if (then.kind === 'end') {
    end(step, task, then.state, then.cause);
    return;
  }
  if (hasUsedAttempt) task.attempt += 1;
  task.ask = null;
  task.isAccepted = false;
  task.offeredAt = null;
  task.deadlineAt = null;
  enter(step, task, 'pending');
  step.effects.push({ kind: 'release', index: task.index });
  wake(step, task);
}

function setDeadline(step: Step, task: EngineTask, at: number): void {
  task.deadlineAt = at;
  step.state.deadlines.add({ at, index: task.index });
}
