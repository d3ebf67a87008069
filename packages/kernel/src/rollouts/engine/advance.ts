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
 * Why claims: presence, windows, budgets, locks, stops and selectors are the world's, change all the time, and are needed
 * only at the one moment a task's turn has come. Keeping them here would cost every change of every host an input to every
 * rollout. What happens between waves is told in `gates.ts`, how limits hold in `limits.ts`.
 *
 * Limits: an input costs O(what it changes); only a halt, a cancel, an expiry and an opened window touch all unstarted
 * tasks, once.
 */
import { absurd } from '@pilothouse/base';
import { answerClaim, claimMore, wakeClosed } from './claims.ts';
import { confirmGate, gateWakeAt, takeVerdict } from './gates.ts';
import type { Effect, Input } from './inputs.ts';
import { cancelRollout, expire, settle } from './lifecycle.ts';
import { haltAtFailureLimit } from './limits.ts';
import { compareJournal, loseHost, stopTask, takeOutcome } from './outcomes.ts';
import { endRollback, noteRollback } from './rollback.ts';
import { type EngineState, type EngineTask, isGoingOn, isRolloutEnd, type Missing } from './state.ts';
import { move, neverStarted, passDeadline, type Step, start, wake } from './task-moves.ts';
import { updateWaiting } from './waiting.ts';

/** Consumes `state`: the returned one is the same object, changed. Deterministic in its three arguments. */
export function advance(
  state: EngineState,
  input: Input,
  now: number,
): { readonly state: EngineState; readonly effects: readonly Effect[] } {
  const isHostsWord = input.kind === 'outcome' || input.kind === 'journal';
  const step: Step = { state, now, effects: [], isHostsWord };
  apply(step, input);
  haltAtFailureLimit(step);
  expire(step);
  settle(step);
  claimMore(step);
  updateWaiting(state, now);
  return { state, effects: step.effects };
}

/** Why a person's act is impossible in this state, or null. Checked by the driver before the act becomes an input. */
export function refusalOf(
  state: EngineState,
  act: 'pause' | 'resume' | 'cancel' | 'confirm',
): 'ended' | 'state' | null {
  if (isRolloutEnd(state.state)) return 'ended';
  switch (act) {
    case 'pause':
      return state.state === 'running' || state.state === 'scheduled' ? null : 'state';
    case 'resume':
      return state.state === 'paused' ? null : 'state';
    case 'cancel':
      return state.state === 'rolling-back' ? 'state' : null;
    case 'confirm': {
      const gate = state.gate === null ? null : state.config.waves[state.wave]?.gates[state.gate.at];
      return gate?.kind === 'confirm' && isGoingOn(state) ? null : 'state';
    }
  }
}

/** When `tick` is needed next, if nothing else happens. */
export function nextWakeAt(state: EngineState): number | null {
  if (isRolloutEnd(state.state)) return null;
  const times: number[] = [];
  if (state.state === 'scheduled') times.push(state.config.notBefore);
  const isWaiting = state.counts.pending + state.counts.offered > 0 || state.gate !== null;
  if (isGoingOn(state) && isWaiting) times.push(state.config.expiresAt);
  if (state.deadlines.next !== null) times.push(state.deadlines.next);
  if (state.state === 'running' && state.closedUntil !== null) times.push(state.closedUntil);
  const gateAt = state.state === 'running' ? gateWakeAt({ state }) : null;
  if (gateAt !== null) times.push(gateAt);
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
    case 'authority':
      return takeAuthority(step, input.missing);
    case 'gate-judged':
      return takeVerdict(step, input.asked, input.verdict);
    case 'confirm':
      return confirmGate(step, input.by, input.gate);
    case 'rollback-started':
      return noteRollback(step, input.rolloutId);
    case 'rollback-ended':
      return endRollback(step, input);
    case 'pause':
      if (refusalOf(state, 'pause') !== null) return;
      return move(step, 'paused', {
        code: 'ROLLOUT_PAUSED',
        details: { reason: input.reason },
        by: input.by,
      });
    case 'resume':
      if (refusalOf(state, 'resume') !== null) return;
      return resume(step, input.by);
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
    passDeadline(step, task);
  }
  wakeClosed(step);
}

function resume(step: Step, by: string): void {
  const { missing, config } = step.state;
  if (missing !== null)
    return move(step, 'awaiting-approval', { code: 'ROLLOUT_APPROVAL_LACKING', details: { ...missing }, by });
  const to = step.now < config.notBefore ? 'scheduled' : 'running';
  move(step, to, { code: 'ROLLOUT_RESUMED', details: {}, by });
}

/** Before the start alone: what has begun goes on, and is paused or cancelled by people who no longer want it. */
function takeAuthority(step: Step, missing: Missing | null): void {
  const { state } = step;
  // Paused before it began: it is held to this when it is resumed.
  if (state.state === 'paused' && state.startedAt === null) {
    state.missing = missing;
    return;
  }
  if (state.state !== 'awaiting-approval' && state.state !== 'scheduled') return;
  state.missing = missing;
  if (missing !== null && state.state === 'scheduled') {
    const details = { required: missing.required, given: missing.given };
    return move(step, 'awaiting-approval', { code: 'ROLLOUT_APPROVAL_LACKING', details, by: null });
  }
  if (missing !== null || state.state === 'scheduled') return;
  move(step, 'scheduled', { code: 'ROLLOUT_APPROVED', details: {}, by: null });
  passTime(step);
}
