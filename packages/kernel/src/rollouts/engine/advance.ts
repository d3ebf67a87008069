/**
 * The rollout engine: a pure state machine over time.
 *
 * Problem: a change goes to thousands of hosts that vanish, answer late, twice or never, while people pause and cancel
 * and the server itself may die at any moment; and a limit must hold whatever the order of all that.
 *
 * Rule: everything that happens is an input with the time it happened at; everything to be done is an effect. A task
 * goes pending → (claimed) → offered → running → an end. A claim asks the driver, in the same breath, whether the host
 * may be offered the task at this moment; it counts as in flight from then on, so no limit can be passed between the
 * question and the answer. A task that was offered leaves that state only on proof: an outcome, a word of the agent's
 * journal that it never came, or a deadline after which it is `unknown`, which counts as a failure.
 *
 * Why claims: presence, locks, stops and selectors are the world's, change all the time, and are needed only at the one
 * moment a task's turn has come. Keeping them here would cost every change of every host an input to every rollout.
 *
 * Limits: an input costs O(what it changes); only a halt, a cancel and an expiry touch all unstarted tasks, once.
 */
import { absurd } from '@pilothouse/base';
import type { ClaimAnswer, Effect, Input, OutcomeWord } from './inputs.ts';
import { cancelRollout, expire, haltAtFailureLimit, isGoingOn, move, settle } from './lifecycle.ts';
import {
  type Cause,
  type EngineState,
  type EngineTask,
  isRolloutEnd,
  isTaskEnd,
  unresolvedMax,
  unresolvedOf,
} from './state.ts';
import { ask, cancelAsk, end, neverStarted, offer, type Step, setHold, start, wake } from './task-moves.ts';
import { updateWaiting } from './waiting.ts';

/** Consumes `state`: the returned one is the same object, changed. Deterministic in its three arguments. */
export function advance(
  state: EngineState,
  input: Input,
  now: number,
): { readonly state: EngineState; readonly effects: readonly Effect[] } {
  const step: Step = { state, now, effects: [] };
  apply(step, input);
  haltAtFailureLimit(step);
  expire(step);
  settle(step);
  claimMore(step);
  updateWaiting(state, now);
  return { state, effects: step.effects };
}

/** Why a person's act is impossible in this state, or null. Checked by the driver before the act becomes an input. */
export function refusalOf(state: EngineState, act: 'pause' | 'resume' | 'cancel'): 'ended' | 'state' | null {
  if (isRolloutEnd(state.state)) return 'ended';
  if (act === 'pause') return state.state === 'running' || state.state === 'scheduled' ? null : 'state';
  if (act === 'resume') return state.state === 'paused' ? null : 'state';
  return null;
}

/** When `tick` is needed next, if nothing else happens. */
export function nextWakeAt(state: EngineState): number | null {
  if (isRolloutEnd(state.state)) return null;
  const times: number[] = [];
  if (state.state === 'scheduled') times.push(state.config.notBefore);
  if (isGoingOn(state) && state.counts.pending + state.counts.offered > 0) times.push(state.config.expiresAt);
  if (state.deadlines.next !== null) times.push(state.deadlines.next);
  return times.length === 0 ? null : Math.min(...times);
}

function apply(step: Step, input: Input): void {
  if ('index' in input) {
    const task = step.state.tasks[input.index];
    if (task !== undefined) applyToTask(step, task, input);
    return;
  }
  const { state } = step;
  switch (input.kind) {
    case 'tick':
      return passTime(step);
    case 'pause':
      if (refusalOf(state, 'pause') !== null) return;
      return move(step, 'paused', {
        code: 'ROLLOUT_PAUSED',
        details: { reason: input.reason },
        by: input.by,
      });
    case 'resume':
      if (refusalOf(state, 'resume') !== null) return;
      return move(step, step.now < state.config.notBefore ? 'scheduled' : 'running', {
        code: 'ROLLOUT_RESUMED',
        details: {},
        by: input.by,
      });
    case 'cancel':
      if (refusalOf(state, 'cancel') !== null) return;
      return cancelRollout(step, input.by, input.endRunning);
    default:
      absurd(input);
  }
}

type TaskInput = Extract<Input, { index: number }>;

function applyToTask(step: Step, task: EngineTask, input: TaskInput): void {
  switch (input.kind) {
    case 'claim-answered':
      return answerClaim(step, task, input.answer);
    case 'host-ready':
      if (task.phase === 'pending' && task.hold !== null && task.hold !== 'claimed') wake(step, task);
      return;
    case 'host-gone':
      return loseHost(step, task, input.isFinal, input.cause);
    case 'stop':
      return stopTask(step, task, input.endRunning, input.cause);
    case 'offer-unsent':
      if (task.phase === 'offered' && task.attempt === input.attempt && !task.isAccepted)
        neverStarted(step, task, false);
      return;
    case 'accepted':
      if (task.phase !== 'offered' || task.attempt !== input.attempt || task.isAccepted) return;
      task.isAccepted = true;
      step.effects.push({ kind: 'task-changed', index: task.index });
      return;
    case 'started':
      if (task.phase === 'offered' && task.attempt === input.attempt) start(step, task);
      return;
    case 'outcome':
      if (task.attempt === input.attempt) takeOutcome(step, task, input.outcome);
      return;
    case 'journal':
      if (task.attempt === input.attempt) compareJournal(step, task, input.entry);
      return;
    default:
      absurd(input);
  }
}

function passTime(step: Step): void {
  const { state, now } = step;
  if (state.state === 'scheduled' && now >= state.config.notBefore)
    move(step, 'running', { code: 'ROLLOUT_STARTED', details: {}, by: null });
  for (let index = state.deadlines.takeDue(now); index !== null; index = state.deadlines.takeDue(now)) {
    const task = state.tasks[index];
    const deadlineAt = task?.deadlineAt ?? null;
    if (task === undefined || deadlineAt === null || deadlineAt > now) continue;
    // The agent's own limit did not end it, or its word does not reach us; the cancel may yet help the host.
    step.effects.push({ kind: 'cancel', index });
    end(step, task, 'unknown', { code: 'TASK_NO_OUTCOME', details: {} });
  }
}

function answerClaim(step: Step, task: EngineTask, answer: ClaimAnswer): void {
  const isStale = task.phase !== 'pending' || task.hold !== 'claimed';
  if (isStale || (answer.kind === 'granted' && step.state.state !== 'running')) {
    if (answer.kind === 'granted') step.effects.push({ kind: 'release', index: task.index });
    if (!isStale) wake(step, task);
    return;
  }
  switch (answer.kind) {
    case 'granted':
      return offer(step, task);
    case 'locked':
    case 'stopped':
      return setHold(step, task, answer.kind);
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

function takeOutcome(step: Step, task: EngineTask, outcome: OutcomeWord): void {
  const isOpen = task.phase === 'offered' || task.phase === 'running';
  // An unknown end is a want of knowledge: the truth may come late. Every other end is the truth already.
  if (!isOpen && task.phase !== 'unknown') return;
  const hasStarted = outcome.startedAt !== null || task.phase === 'running';
  const error: Cause | null = outcome.error;
  switch (outcome.kind) {
    case 'succeeded':
      return end(step, task, 'succeeded', null);
    case 'failed':
      return end(step, task, 'failed', error);
    case 'timed-out':
      return end(step, task, 'failed', error ?? { code: 'TASK_TIMED_OUT', details: {} });
    case 'unknown':
      if (isOpen) end(step, task, 'unknown', error ?? { code: 'TASK_INTERRUPTED', details: {} });
      return;
    case 'refused':
      if (isOpen && task.ask !== null && !hasStarted) return neverStarted(step, task, true);
      return end(step, task, 'failed', error ?? { code: 'TASK_REFUSED', details: {} });
    case 'cancelled':
      if (isOpen && task.ask !== null && !hasStarted) return neverStarted(step, task, true);
      return endCancelled(step, task, error);
    default:
      absurd(outcome.kind);
  }
}

/** A task that ended by a cancel we asked for is cancelled; one that somebody ended on the host has failed. */
function endCancelled(step: Step, task: EngineTask, error: Cause | null): void {
  const then = task.ask?.then;
  if (then?.kind === 'end') end(step, task, 'cancelled', then.cause);
  else if (task.phase === 'unknown') end(step, task, 'failed', { code: 'TASK_TIMED_OUT', details: {} });
  else end(step, task, 'failed', error ?? { code: 'TASK_CANCELLED_ON_HOST', details: {} });
}

function compareJournal(
  step: Step,
  task: EngineTask,
  entry: Extract<Input, { kind: 'journal' }>['entry'],
): void {
  if (task.phase !== 'offered' && task.phase !== 'running') return;
  switch (entry) {
    case 'absent':
      // The journal holds `started` before anything is done, and accepting is a promise of that process alone: what is
      // not there has not begun, and the agent's ledger refuses it should that ever be wrong.
      if (task.phase === 'offered') return neverStarted(step, task, false);
      return end(step, task, 'unknown', { code: 'TASK_LOST_BY_AGENT', details: {} });
    case 'started':
      if (task.phase === 'offered') start(step, task);
      break;
    case 'accepted':
      if (!task.isAccepted) {
        task.isAccepted = true;
        step.effects.push({ kind: 'task-changed', index: task.index });
      }
      break;
    case 'ended':
      // Its outcome follows in this session.
      return;
    default:
      absurd(entry);
  }
  // A request of an earlier session may have been lost with it.
  if (task.ask !== null) step.effects.push({ kind: task.ask.kind, index: task.index });
}

function loseHost(step: Step, task: EngineTask, isFinal: boolean, cause: Cause): void {
  if (isTaskEnd(task.phase)) return;
  if (task.phase === 'pending') return end(step, task, 'skipped', cause);
  if (isFinal) return end(step, task, 'unknown', cause);
  if (task.phase === 'offered')
    ask(step, task, {
      kind: 'withdraw',
      then: { kind: 'end', state: 'skipped', cause },
      isEndedIfStarted: task.ask?.isEndedIfStarted ?? false,
    });
}

function stopTask(step: Step, task: EngineTask, endRunning: boolean, cause: Cause): void {
  if (task.phase === 'running' && endRunning) return ask(step, task, cancelAsk(cause));
  if (task.phase !== 'offered') return;
  const then = task.ask?.then ?? { kind: 'again' as const };
  const isEndedIfStarted = endRunning || (task.ask?.isEndedIfStarted ?? false);
  ask(step, task, { kind: 'withdraw', then, isEndedIfStarted });
}

/** Asks for as many tasks of the current wave as the limits leave room for. */
function claimMore(step: Step): void {
  const { state } = step;
  if (state.state !== 'running') return;
  const waveEnd = Math.min((state.wave + 1) * state.config.hostsPerWave, state.tasks.length);
  let room = unresolvedMax(state) - unresolvedOf(state);
  while (room > 0) {
    const index = state.woken.shift() ?? (state.cursor < waveEnd ? state.cursor++ : null);
    if (index === null) return;
    const task = state.tasks[index];
    if (task?.phase !== 'pending' || task.hold !== null) continue;
    setHold(step, task, 'claimed');
    step.effects.push({ kind: 'claim', index });
    room -= 1;
  }
}
