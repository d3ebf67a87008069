/**
 * Changes that may cut the host off, taken back when they did.
 *
 * Problem: a wrong address, firewall rule or sshd setting succeeds, and nobody can reach the host to say that it was wrong.
 *
 * Rule: before such an action begins, the journal says `changing`; after it, `confirming` with a deadline. The agent then
 * drops its session and must have a new one, over a new connection, before the deadline; else it restores what the action
 * recorded. An agent that finds `changing` at its start undoes at once: nobody knows how far the change came; one that
 * finds `confirming` waits for what is left of the time, or undoes when it is over. That holds whether the action
 * succeeded or failed half way, as long as it recorded something; what recorded nothing changed nothing. Once restoring has
 * begun there is no way back to confirming, wherever the clock has gone since.
 *
 * Limits: a server that is away for the whole time is taken for a host that is cut off, and the change is undone.
 */
import type { ActionContext, ActionEnd } from '@pilothouse/agent-kit';
import type { StageOf, TaskStage } from '../journal/task-stage.ts';
import type { UndoRecord } from '../journal/undo-log.ts';
import { endOfOutcome, outcomeOfAction } from './action-ends.ts';
import { restoreRecords } from './restore-records.ts';
import type { ActionPlace } from './run-action.ts';
import type { StepRun } from './step-run.ts';
import { untilOrParked } from './task-parked.ts';
import { wait } from './wait.ts';

export async function confirmChange(
  run: StepRun,
  change: { readonly at: ActionPlace; readonly withinMs: number; readonly undoContext: () => ActionContext },
  perform: () => Promise<ActionEnd>,
): Promise<ActionEnd> {
  const { at, withinMs, undoContext } = change;
  const common = { index: at.index, action: at.step.action, withinMs };
  run.stages.enter({ kind: 'changing', ...common });
  const end = await perform();
  if (recordsOf(run, at.index).length === 0) {
    run.stages.leave();
    return end;
  }
  const deadlineMs = run.stages.clock.now() + withinMs;
  const outcome = outcomeOfAction(at.step.action, end);
  const stage = { kind: 'confirming' as const, ...common, deadlineMs, end: outcome };
  run.stages.enter(stage);
  return awaitConfirmation(run, stage, { undoContext, sessionsBefore: run.stages.session.drop() });
}

export async function awaitConfirmation(
  run: StepRun,
  stage: StageOf<'confirming'>,
  /** `sessionsBefore`: of this process; 0 when it began after the change, and every session of it is a new one. */
  at: { readonly undoContext: () => ActionContext; readonly sessionsBefore: number },
): Promise<ActionEnd> {
  run.stages.pauseTimer();
  const { withinMs, deadlineMs, end, index, action } = stage;
  const isTakenBack = recordsOf(run, index).some(({ isRestored }) => isRestored);
  const leftMs = isTakenBack ? 0 : Math.min(withinMs, Math.max(0, deadlineMs - run.stages.clock.now()));
  if (await isHeardWithin(run, leftMs, at.sessionsBefore)) {
    run.stages.enter({ kind: 'confirmed', index, action, withinMs, end });
    run.stages.restartTimer();
    return endOfOutcome(end);
  }
  const details = { action, seconds: Math.round(withinMs / 1000) };
  return undoChange(run, stage, { context: at.undoContext, code: 'TASK_NOT_CONFIRMED', details });
}

/** The agent ended while the action ran, and whatever it started has been ended: back to what was before. */
export const undoInterrupted = (
  run: StepRun,
  stage: StageOf<'changing'>,
  context: () => ActionContext,
): Promise<ActionEnd> =>
  undoChange(run, stage, { context, code: 'TASK_CHANGE_INTERRUPTED', details: { action: stage.action } });

async function isHeardWithin(run: StepRun, leftMs: number, sessionsBefore: number): Promise<boolean> {
  if (leftMs === 0) return false;
  const { session, clock, parked } = run.stages;
  return untilOrParked(parked, (over) =>
    Promise.race([
      session.openedAfter(sessionsBefore, over).then(() => true),
      wait(clock, leftMs, over).then(() => false),
    ]),
  );
}

async function undoChange(
  run: StepRun,
  stage: TaskStage,
  as: {
    readonly context: () => ActionContext;
    readonly code: string;
    readonly details: Readonly<Record<string, unknown>>;
  },
): Promise<ActionEnd> {
  const records = recordsOf(run, stage.index);
  const { registry, undo, payload } = run;
  const world = { planDigest: payload.planDigest, undo, registry, context: as.context() };
  const failure = await restoreRecords(records, world);
  run.stages.restartTimer();
  if (failure === null)
    return { kind: 'failed', error: { code: as.code, details: { ...as.details, undone: records.length } } };
  const details = { action: stage.action, reason: failure.error.code };
  return { kind: 'failed', error: { code: 'TASK_NOT_CONFIRMED_NOT_UNDONE', details } };
}

/** What this execution of the action recorded. */
function recordsOf({ undo, payload }: StepRun, index: number): UndoRecord[] {
  const { planDigest, stepIndex, attempt } = payload;
  const records = undo.of(planDigest)?.records ?? [];
  return records.filter(
    (each) => each.stepIndex === stepIndex && each.attempt === attempt && each.actionIndex === index,
  );
}
