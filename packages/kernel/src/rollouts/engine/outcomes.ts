import { absurd } from '@pilothouse/base';
import { toTimestamp } from '@pilothouse/contract';
import { holdClosed } from './claims.ts';
import type { Input, OutcomeWord } from './inputs.ts';
import { type Cause, type EngineTask, isTaskEnd } from './state.ts';
import { ask, cancelAsk, end, neverStarted, type Step, start } from './task-moves.ts';

/** What a host answers whose probes fail before its task. */
const BROKEN_BEFORE = 'TASK_PROBE_FAILING_BEFORE';
/** What a host answers that could not begin in the time of its offer, or got the offer after that. */
const TOO_LATE: readonly string[] = ['TASK_START_OVERDUE', 'TASK_OUTSIDE_WINDOW'];
/** A host's notion of the server's time and the server's own. */
const CLOCKS_DIFFER_MS = 60_000;

export function takeOutcome(step: Step, task: EngineTask, outcome: OutcomeWord): void {
  const isOpen = task.phase === 'offered' || task.phase === 'running';
  // An unknown end is a want of knowledge: the truth may come late. Every other end is the truth already.
  if (!isOpen && task.phase !== 'unknown') return;
  const hasStarted = outcome.startedAt !== null || task.phase === 'running';
  if (hasStarted) task.startedAt ??= step.now;
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
      // How it ended stays unknown; that it is over is the host's word now.
      else step.effects.push({ kind: 'release', index: task.index, how: 'told' });
      return;
    case 'refused':
      if (isOpen && !hasStarted && task.ask !== null) return neverStarted(step, task, true);
      if (isOpen && !hasStarted && isOverdue(step, task, error)) return beginLater(step, task);
      // It was broken before anybody touched it: no failure of this change, and not to be counted as one.
      if (!hasStarted && error?.code === BROKEN_BEFORE) return end(step, task, 'skipped', error);
      return end(step, task, 'failed', error ?? { code: 'TASK_REFUSED', details: {} });
    case 'cancelled':
      if (isOpen && task.ask !== null && !hasStarted) return neverStarted(step, task, true);
      return endCancelled(step, task, error);
    default:
      absurd(outcome.kind);
  }
}

/** Its host was kept from beginning it until its window was over. A host that says so before that has no turn again. */
const isOverdue = (step: Step, task: EngineTask, error: Cause | null): boolean =>
  error !== null &&
  TOO_LATE.includes(error.code) &&
  task.deadlineAt !== null &&
  step.now >= task.deadlineAt - CLOCKS_DIFFER_MS;

/** Its host's clock may be ahead of the server's, to which the window is still open: it has its turn again when that is over. */
function beginLater(step: Step, task: EngineTask): void {
  const until = task.deadlineAt ?? step.now;
  neverStarted(step, task, true);
  holdClosed(step, task, { kind: 'brief', until, details: { until: toTimestamp(until) } });
}

/** A task that ended by a cancel we asked for is cancelled; one that somebody ended on the host has failed. */
function endCancelled(step: Step, task: EngineTask, error: Cause | null): void {
  const then = task.ask?.then;
  if (then?.kind === 'end') end(step, task, 'cancelled', then.cause);
  else if (task.phase === 'unknown') end(step, task, 'failed', { code: 'TASK_TIMED_OUT', details: {} });
  else end(step, task, 'failed', error ?? { code: 'TASK_CANCELLED_ON_HOST', details: {} });
}

export function compareJournal(
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

export function loseHost(step: Step, task: EngineTask, isFinal: boolean, cause: Cause): void {
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

export function stopTask(step: Step, task: EngineTask, endRunning: boolean, cause: Cause): void {
  if (task.phase === 'running' && endRunning) return ask(step, task, cancelAsk(cause));
  if (task.phase !== 'offered') return;
  const then = task.ask?.then ?? { kind: 'again' as const };
  const isEndedIfStarted = endRunning || (task.ask?.isEndedIfStarted ?? false);
  ask(step, task, { kind: 'withdraw', then, isEndedIfStarted });
}
