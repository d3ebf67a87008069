import type { JsonObject, RolloutCause, RolloutState, TaskState } from '@pilothouse/contract';
import type { Effect } from './inputs.ts';
import {
  type Ask,
  type Cause,
  type EngineState,
  type EngineTask,
  type Hold,
  isRolloutEnd,
  isTaskEnd,
  isTaskFailure,
  OFFER_START_WINDOW_MS,
  TASK_GRACE_MS,
} from './state.ts';

/** One input being carried out: the moves below write its effects. */
export interface Step {
  readonly state: EngineState;
  readonly now: number;
  readonly effects: Effect[];
  /** The input is a host's own word about its task, over a session that lives. */
  readonly isHostsWord: boolean;
}

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

function enter(step: Step, task: EngineTask, phase: TaskState): void {
  const { state } = step;
  state.counts[task.phase] -= 1;
  state.counts[phase] += 1;
  if (task.wave === state.wave)
    state.waveFailures += Number(isTaskFailure(phase)) - Number(isTaskFailure(task.phase));
  task.phase = phase;
  step.effects.push({ kind: 'task-changed', index: task.index });
}

export function setHold(
  step: Step,
  task: EngineTask,
  hold: Hold | null,
  details: JsonObject | null = null,
): void {
  const { held, holdNotes } = step.state;
  if (task.hold !== null) held[task.hold] -= 1;
  if (hold !== null) held[hold] += 1;
  task.hold = hold;
  task.holdDetails = details;
  if (hold !== null && details !== null) holdNotes.set(hold, details);
}

/** Puts a pending task back in line, before those that have not had a turn. */
export function wake(step: Step, task: EngineTask): void {
  setHold(step, task, null);
  step.state.woken.push(task.index);
}

export function offer(step: Step, task: EngineTask, startBy: number | null): void {
  setHold(step, task, null);
  task.ask = null;
  task.isAccepted = false;
  task.offeredAt = step.now;
  setDeadline(step, task, Math.min(step.now + OFFER_START_WINDOW_MS, startBy ?? Number.POSITIVE_INFINITY));
  enter(step, task, 'offered');
  step.effects.push({ kind: 'offer', index: task.index, attempt: task.attempt });
}

/**
 * The time of a task is up. Of one that has not begun the first time: its host is asked to forget it, so that it has its turn
 * again; until the host has answered it counts as under way, for what it may have begun in time.
 */
export function passDeadline(step: Step, task: EngineTask): void {
  const { taskTimeoutMs } = step.state.config;
  const lastAt = (task.offeredAt ?? 0) + OFFER_START_WINDOW_MS + taskTimeoutMs + TASK_GRACE_MS;
  if (task.phase === 'offered' && step.now < lastAt) {
    setDeadline(step, task, lastAt);
    if (task.ask === null)
      ask(step, task, { kind: 'withdraw', then: { kind: 'again' }, isEndedIfStarted: false });
    return;
  }
  // The agent's own limit did not end it, or its word does not reach us; the cancel may yet help the host.
  step.effects.push({ kind: 'cancel', index: task.index });
  end(step, task, 'unknown', { code: 'TASK_NO_OUTCOME', details: {} });
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
  const wasUnknown = task.phase === 'unknown';
  setHold(step, task, null);
  task.cause = cause;
  task.ask = null;
  task.endedAt = step.now;
  task.deadlineAt = null;
  enter(step, task, phase);
  // An offer that nobody can account for may have been carried out; one that was refused or withdrawn was not.
  const hasStarted = task.startedAt !== null || phase === 'unknown' || phase === 'succeeded';
  const how = hasStarted ? (step.isHostsWord ? 'told' : 'unheard') : 'never-started';
  // The truth about an unknown task comes late, and may be all that says that its host is back.
  const isLateWord = wasUnknown && step.isHostsWord;
  if (wasOpen || isLateWord) step.effects.push({ kind: 'release', index: task.index, how });
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
  step.effects.push({ kind: 'release', index: task.index, how: 'never-started' });
  wake(step, task);
}

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

function setDeadline(step: Step, task: EngineTask, at: number): void {
  task.deadlineAt = at;
  step.state.deadlines.add({ at, index: task.index });
}
