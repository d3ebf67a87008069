import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ActionContext, type ActionEnd, runTaskProcess } from '@pilothouse/agent-kit';
import type { EnvelopePayload } from '@pilothouse/contract';
import type { ActionRegistry } from './action-registry.ts';

export interface StepRun {
  readonly payload: EnvelopePayload;
  readonly registry: ActionRegistry;
  readonly scratchParent: string;
  readonly scope: 'systemd' | 'group';
  readonly isRoot: boolean;
  readonly signal: AbortSignal;
  readonly endedBy: () => 'timed-out' | 'cancelled';
  readonly onOutput: (stream: 'stdout' | 'stderr', piece: Buffer) => void;
  readonly recordUndo: ActionContext['recordUndo'];
  readonly onCrash: (action: string, cause: unknown) => void;
}

/** Carries out a step's actions in order, up to the first that does not succeed. Its scratch directory goes with it. */
export async function runStep(run: StepRun): Promise<ActionEnd> {
  const scratch = await mkdtemp(join(run.scratchParent, 'task-'));
  try {
    let end: ActionEnd = { kind: 'succeeded' };
    for (const step of run.payload.step.actions) {
      end = await runAction(run, step.action, step.parameters, scratch);
      if (end.kind !== 'succeeded') return end;
    }
    return end;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function runAction(
  run: StepRun,
  name: string,
  parameters: unknown,
  scratch: string,
): Promise<ActionEnd> {
  const known = run.registry.offered.get(name);
  if (known === undefined) throw new Error(`action ${name} was verified and is gone`);
  const { action } = known;
  const context = contextOf(run, scratch);
  try {
    const parsed = action.spec.parameters.parse(parameters);
    return run.payload.kind === 'dry-run'
      ? await action.dryRun(parsed, context)
      : await action.run(parsed, context);
  } catch (cause) {
    run.onCrash(name, cause);
    return { kind: 'failed', error: { code: 'TASK_ACTION_CRASHED', details: { action: name } } };
  }
}

function contextOf(run: StepRun, scratch: string): ActionContext {
  return {
    taskId: run.payload.taskId,
    signal: run.signal,
    scratch,
    isRoot: run.isRoot,
    print: (stream, text) => run.onOutput(stream, Buffer.from(text)),
    run: (request) =>
      runTaskProcess(request, {
        taskId: `${run.payload.taskId}-${run.payload.attempt}`,
        signal: run.signal,
        endedBy: run.endedBy,
        onOutput: run.onOutput,
        scope: run.scope,
      }),
    recordUndo: run.recordUndo,
  };
}
