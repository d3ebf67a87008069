/**
 * Carries out a step's actions in order, each when its turn has come.
 *
 * An action that runs and does not succeed makes the step fail with that action's error, also when a later one repairs what
 * it left: a repair makes a host well, not the change successful. After a cancel or the end of the time nothing more begins.
 * The scratch directory and every process go with the step.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ActionEnd, END_GRACE_MS, endProcessTree, ticksSinceBoot } from '@pilothouse/agent-kit';
import type { ActionOutcome } from '@pilothouse/contract';
import { endOfOutcome, endOfStep, isDue, outcomeOfAction, passedOver } from './action-ends.ts';
import { beginAction, takeUpAction } from './run-action.ts';
import { type StepResume, type StepRun, safeTaskId } from './step-run.ts';

export interface StepEnd {
  readonly end: ActionEnd;
  /** One entry an action, where there are several. */
  readonly actions: readonly ActionOutcome[] | null;
}

/** Throws TaskParked when the agent ends while an action is in a stage. */
export async function runStep(run: StepRun, resume: StepResume | null): Promise<StepEnd> {
  // What an earlier process of the agent began is older than this one's turn.
  const since = resume === null ? { sinceTicks: ticksSinceBoot() } : {};
  const scratch = await mkdtemp(join(run.scratchParent, 'task-'));
  const place = { scratch, counter: { programs: 0 } };
  const { actions } = run.payload.step;
  const outcomes: ActionOutcome[] = [...(resume?.ended ?? [])];
  const ran: ActionEnd[] = outcomes.filter(({ kind }) => kind !== 'passed-over').map(endOfOutcome);
  try {
    for (const [index, step] of actions.entries()) {
      if (index < outcomes.length) continue;
      const stage = resume?.stage.index === index ? resume.stage : null;
      if (stage === null && index > 0 && (run.signal.aborted || !isDue(step.when, outcomes))) {
        outcomes.push(passedOver(step.action));
      } else {
        const at = { ...place, index, step };
        const end = stage === null ? await beginAction(run, at) : await takeUpAction(run, at, stage);
        ran.push(end);
        outcomes.push(outcomeOfAction(step.action, end));
      }
      const outcome = outcomes.at(-1);
      if (actions.length > 1 && outcome !== undefined) run.noteAction(outcome);
    }
    return { end: endOfStep(ran), actions: actions.length > 1 ? outcomes : null };
  } finally {
    // What left the group of its program is still the task's, and the task is over.
    const tree = { taskId: safeTaskId(run.payload), group: null, scope: null, ...since };
    await endProcessTree(tree, END_GRACE_MS);
    await rm(scratch, { recursive: true, force: true });
  }
}
