import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ActionContext,
  type ActionEnd,
  END_GRACE_MS,
  endProcessTree,
  runTaskProcess,
} from '@pilothouse/agent-kit';
import type { EnvelopePayload, StepAction } from '@pilothouse/contract';
import type { ActionRegistry } from './action-registry.ts';

export interface StepRun {
  readonly payload: EnvelopePayload;
  readonly registry: ActionRegistry;
  readonly scratchParent: string;
  /** For pipes of the programs; outlives the scratch directory. */
  readonly directory: string;
  readonly hasScopes: boolean;
  readonly isRoot: boolean;
  readonly signal: AbortSignal;
  readonly onOutput: (stream: 'stdout' | 'stderr', piece: Buffer) => void;
  readonly recordUndo: ActionContext['recordUndo'];
  readonly onCrash: (action: string, cause: unknown) => void;
}

/** Carries out a step's actions in order, up to the first that does not succeed. Its scratch directory goes with it. */
export async function runStep(run: StepRun): Promise<ActionEnd> {
  const scratch = await mkdtemp(join(run.scratchParent, 'task-'));
  const context = contextOf(run, scratch);
  try {
    let end: ActionEnd = { kind: 'succeeded' };
    for (const step of run.payload.step.actions) {
      end = await runAction(run, step, context);
      if (end.kind !== 'succeeded') return end;
    }
    return end;
  } finally {
    // What left the group of its program is still the task's, and the task is over.
    await endProcessTree({ taskId: context.taskId, group: null, scope: null }, END_GRACE_MS);
    await rm(scratch, { recursive: true, force: true });
  }
}

async function runAction(run: StepRun, step: StepAction, context: ActionContext): Promise<ActionEnd> {
  const name = step.action;
  const known = run.registry.offered.get(name);
  if (known === undefined) throw new Error(`action ${name} was verified and is gone`);
  const { action } = known;
  try {
    const parsed = action.spec.parameters.parse(step.parameters);
    return run.payload.kind === 'dry-run'
      ? await action.dryRun(parsed, context)
      : await action.run(parsed, context);
  } catch (cause) {
    run.onCrash(name, cause);
    return { kind: 'failed', error: { code: 'TASK_ACTION_CRASHED', details: { action: name } } };
  }
}

function contextOf(run: StepRun, scratch: string): ActionContext {
  const taskId = `${run.payload.taskId}-${run.payload.attempt}`.replace(/[^a-zA-Z0-9_-]/g, '-');
  let programs = 0;
  return {
    taskId,
    signal: run.signal,
    scratch,
    isRoot: run.isRoot,
    planDigest: run.payload.planDigest,
    print: (stream, text) => run.onOutput(stream, Buffer.from(text)),
    run(request) {
      programs += 1;
      return runTaskProcess(request, {
        taskId,
        number: programs,
        directory: run.directory,
        hasScopes: run.hasScopes,
        isRoot: run.isRoot,
        signal: run.signal,
        output: run.onOutput,
      });
    },
    recordUndo: run.recordUndo,
    expectReboot: () => Promise.reject(new Error('no action of this agent reboots')),
  };
}
