import { type ActionContext, runTaskProcess } from '@pilothouse/agent-kit';
import { type StageHook, type StepRun, safeTaskId } from './step-run.ts';

/** What one action of a step may use. `hooks` say what recording and rebooting mean at this point. */
export function createActionContext(
  run: StepRun,
  at: { readonly scratch: string; readonly counter: { programs: number } },
  hooks: { readonly recordUndo: ActionContext['recordUndo']; readonly expectReboot: StageHook },
): ActionContext {
  const taskId = safeTaskId(run.payload);
  return {
    taskId,
    signal: run.signal,
    scratch: at.scratch,
    isRoot: run.isRoot,
    planDigest: run.payload.planDigest,
    print: (stream, text) => run.onOutput(stream, Buffer.from(text)),
    run(request) {
      at.counter.programs += 1;
      return runTaskProcess(request, {
        taskId,
        number: at.counter.programs,
        directory: run.directory,
        hasScopes: run.hasScopes,
        isRoot: run.isRoot,
        signal: run.signal,
        output: run.onOutput,
      });
    },
    ...hooks,
  };
}
