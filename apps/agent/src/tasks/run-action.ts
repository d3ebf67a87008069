import type { ActionContext, ActionEnd, AgentAction } from '@pilothouse/agent-kit';
import { absurd } from '@pilothouse/base';
import { isAppError, type JsonObject, type StepAction } from '@pilothouse/contract';
import type { StageOf, TaskStage } from '../journal/task-stage.ts';
import { createActionContext } from './action-context.ts';
import { endOfOutcome } from './action-ends.ts';
import { awaitBoot, enterRebooting } from './await-boot.ts';
import { awaitConfirmation, confirmChange, undoInterrupted } from './confirm-change.ts';
import type { StepRun } from './step-run.ts';
import { TaskParked } from './task-parked.ts';

/** Of a change that is taken back by the host itself: it is cut off meanwhile. */
const UNDO_TIMEOUT_MS = 10 * 60_000;

/** One action at its place in a step. */
export interface ActionPlace {
  readonly index: number;
  readonly step: StepAction;
  readonly scratch: string;
  /** Programs of the task so far: their pipes have names of their own. */
  readonly counter: { programs: number };
}

/** Carries out one action from its beginning, through its stages if it has any. */
export function beginAction(run: StepRun, at: ActionPlace): Promise<ActionEnd> {
  const { action, parameters } = actionAt(run, at);
  if (run.payload.kind === 'dry-run')
    return guarded(run, at, () => action.dryRun(parameters, contextOf(run, at)));
  const withinMs = action.spec.confirmWithinMs?.(parameters) ?? null;
  if (withinMs === null) return runToBoot(run, at);
  const perform = () => guarded(run, at, () => action.run(parameters, contextOf(run, at)));
  return confirmChange(run, { at, withinMs, undoContext: () => undoContextOf(run, at) }, perform);
}

/** Goes on with an action that an earlier process of the agent left in a stage. */
export async function takeUpAction(run: StepRun, at: ActionPlace, stage: TaskStage): Promise<ActionEnd> {
  switch (stage.kind) {
    case 'changing':
      return undoInterrupted(run, stage, () => undoContextOf(run, at));
    case 'confirming':
      return awaitConfirmation(run, stage, { undoContext: () => undoContextOf(run, at), sessionsBefore: 0 });
    case 'confirmed':
    case 'probing':
      return endOfOutcome(stage.end);
    case 'rebooting':
    case 'returned':
      return awaitBoot(run, stage, (returned) => judgeBoot(run, at, returned));
    default:
      return absurd(stage);
  }
}

/** Runs it, and when it asked for a reboot, waits for the boot. */
async function runToBoot(run: StepRun, at: ActionPlace): Promise<ActionEnd> {
  const { action, parameters } = actionAt(run, at);
  let stage: StageOf<'rebooting'> | null = null;
  const context = contextOf(run, at, async (wish) => {
    stage = enterRebooting(run, at, wish);
  });
  const end = await guarded(run, at, () => action.run(parameters, context));
  // Assigned by the action through its context, which the compiler does not see.
  const asked = stage as StageOf<'rebooting'> | null;
  if (asked === null) return end;
  if (end.kind === 'succeeded') return awaitBoot(run, asked, (returned) => judgeBoot(run, at, returned));
  run.stages.leave();
  run.stages.restartTimer();
  return end;
}

function judgeBoot(run: StepRun, at: ActionPlace, stage: StageOf<'returned'>): Promise<ActionEnd> {
  const { action, parameters } = actionAt(run, at);
  const { state, bootIdBefore } = stage;
  const report = { state, bootIdBefore, bootIdNow: run.stages.bootId };
  return guarded(run, at, async () => {
    if (action.afterBoot === undefined) throw new Error(`${action.spec.name} has no afterBoot`);
    return action.afterBoot(parameters, report, contextOf(run, at));
  });
}

interface KnownAction {
  readonly action: AgentAction;
  readonly parameters: unknown;
}

function actionAt(run: StepRun, { step }: ActionPlace): KnownAction {
  const known = run.registry.offered.get(step.action);
  if (known === undefined) throw new Error(`action ${step.action} was verified and is gone`);
  const { action } = known;
  return { action, parameters: action.spec.parameters.parse(step.parameters) };
}

/** A broken action fails with a code; what it was refused by the agent has that refusal's code. */
async function guarded(
  run: StepRun,
  { step }: ActionPlace,
  perform: () => Promise<ActionEnd>,
): Promise<ActionEnd> {
  try {
    return await perform();
  } catch (cause) {
    if (cause instanceof TaskParked) throw cause;
    run.onCrash(step.action, cause);
    if (isAppError(cause)) return { kind: 'failed', error: { code: cause.code, details: cause.details } };
    return { kind: 'failed', error: { code: 'TASK_ACTION_CRASHED', details: { action: step.action } } };
  }
}

function contextOf(
  run: StepRun,
  at: ActionPlace,
  expectReboot: ActionContext['expectReboot'] = () => Promise.reject(new Error('a reboot out of turn')),
): ActionContext {
  const { planDigest, stepIndex, attempt, kind } = run.payload;
  return createActionContext(run, at, {
    expectReboot,
    async recordUndo(record: JsonObject) {
      if (kind !== 'run') throw new Error('a dry run records nothing');
      const place = { planDigest, stepIndex, attempt, actionIndex: at.index };
      run.undo.record({ ...place, action: at.step.action, record });
    },
  });
}

/** For undoing, which a cancelled task needs as much: what is restored is not recorded again, and nothing reboots. */
function undoContextOf(run: StepRun, at: ActionPlace): ActionContext {
  const signal = AbortSignal.timeout(Math.min(UNDO_TIMEOUT_MS, actionAt(run, at).action.spec.timeoutMsMax));
  return createActionContext({ ...run, signal }, at, {
    recordUndo: async () => {},
    expectReboot: () => Promise.reject(new Error('undoing does not reboot')),
  });
}
