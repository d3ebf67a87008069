/**
 * One task from the moment its locks are free: begun or taken up, run under its time limit, captured, probed, ended.
 * Without an outcome it ends only when the agent ends while the task is in a stage: the next process takes it up.
 */
import { type ActionEnd, END_GRACE_MS, endProcessTree } from '@pilothouse/agent-kit';
import { errorCode } from '@pilothouse/base';
import type { ProbeResult } from '@pilothouse/contract';
import { taskKey } from '../journal/replay-journal.ts';
import type { StageOf } from '../journal/task-stage.ts';
import { failingOf, runProbes } from '../probes/run-probes.ts';
import { isUnwritable } from '../unwritable.ts';
import { endOfOutcome, outcomeOfAction } from './action-ends.ts';
import { beginTask } from './begin-task.ts';
import { factsChangedBy } from './facts-changed.ts';
import { fitOutcome } from './fit-outcome.ts';
import { FLUSH_MS } from './live-output.ts';
import type { LiveTask } from './live-task.ts';
import { OutputCapture } from './output-capture.ts';
import { runStep, type StepEnd } from './run-step.ts';
import { createStages } from './stages.ts';
import { type StepRun, type StepStages, safeTaskId } from './step-run.ts';
import { nameOutput, outcomeOfEnd } from './task-outcome.ts';
import { TaskParked, untilOrParked } from './task-parked.ts';
import { createTaskTimer, timeoutMsOf } from './task-timer.ts';
import type { TaskWorld } from './task-world.ts';

/** Of one task's output, whatever the envelope says; the body is built in memory. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Resolves when the outcome is written, or the task parked; never rejects but for a broken journal. */
export async function carryOutTask(task: LiveTask, world: TaskWorld): Promise<void> {
  try {
    if (task.resume === null) {
      if (!(await beginTask(task, world))) return;
    } else {
      // What an earlier process had started for it must not go on beside what comes now.
      await endProcessTree({ taskId: safeTaskId(task.payload), group: null, scope: null }, END_GRACE_MS);
    }
    await execute(task, world);
  } catch (cause) {
    if (!(cause instanceof TaskParked)) endFaulty(task, cause, world);
  }
}

async function execute(task: LiveTask, world: TaskWorld): Promise<void> {
  const { payload, live, resume } = task;
  const { clock, send, files } = world;
  const bytesMax = Math.min(payload.outputBytesMax, OUTPUT_BYTES_MAX);
  const capture = new OutputCapture(files.outputOf(payload), bytesMax, resume !== null);
  const flush = (): void => {
    const taken = live.take();
    if (taken !== null) send({ kind: 'output', taskId: payload.taskId, ...taken });
  };
  const timer = createTaskTimer(clock, timeoutMsOf(payload, world.registry), task.controller);
  const stages = createStages(task, timer, world);
  if (resume === null) timer.restart();
  const stopFlushing = clock.every(FLUSH_MS, flush);
  try {
    const step = await performStep(task, world, {
      stages,
      onOutput: (stream, piece) => live.add(stream, capture.add(stream, piece)),
    });
    timer.stop();
    const { end, after } = await probeAfter(task, step, { stages, world });
    flush();
    const output = nameOutput(capture.body());
    if (output !== null) world.bodies.put(output.digest, output.json);
    const times = { startedAtMs: Date.parse(task.startedAt ?? ''), endedAtMs: clock.now() };
    const outcome = fitOutcome({
      ...outcomeOfEnd(end, times, output),
      ...(step.actions === null ? {} : { actions: [...step.actions] }),
      ...(after === null ? {} : { probes: { before: [...task.probesBefore], after: [...after] } }),
    });
    world.desk.ended(payload, outcome, output);
    const changed = payload.kind === 'run' ? factsChangedBy(payload, world.registry) : [];
    if (changed.length > 0) world.collectAgain(changed);
  } finally {
    timer.stop();
    stopFlushing();
    capture.close();
  }
}

function performStep(
  { payload, controller, resume }: LiveTask,
  world: TaskWorld,
  { stages, onOutput }: Pick<StepRun, 'stages' | 'onOutput'>,
): Promise<StepEnd> {
  const { registry, hasScopes, isRoot, undo, log, files, journal } = world;
  if (resume?.stage.kind === 'probing') {
    const actions = payload.step.actions.length > 1 ? resume.ended : null;
    return Promise.resolve({ end: endOfOutcome(resume.stage.end), actions });
  }
  const run: StepRun = {
    payload,
    registry,
    hasScopes,
    isRoot,
    undo,
    stages,
    onOutput,
    scratchParent: files.scratch,
    directory: files.outputOf(payload),
    signal: controller.signal,
    noteAction: (outcome) => journal.actionEnded(payload, outcome),
    onCrash: (action, cause) => log.error('action crashed', { action, cause: String(cause) }),
  };
  return runStep(run, resume);
}

/** A change that ends well and leaves the host unwell has failed. `after` is null where the plan has no probes. */
async function probeAfter(
  { payload, controller }: LiveTask,
  { end }: StepEnd,
  { stages, world }: { readonly stages: StepStages; readonly world: TaskWorld },
): Promise<{ readonly end: ActionEnd; readonly after: readonly ProbeResult[] | null }> {
  const probes = payload.header.strategy.probes ?? [];
  if (probes.length === 0) return { end, after: null };
  if (payload.kind !== 'run' || end.kind !== 'succeeded') return { end, after: [] };
  const index = payload.step.actions.length - 1;
  const action = payload.step.actions[index]?.action ?? '';
  enterProbing(
    { kind: 'probing', index, action, withinMs: 0, end: outcomeOfAction(action, end) },
    stages,
    world,
  );
  const signal = AbortSignal.any([controller.signal, world.parked]);
  const asked = () => runProbes(probes, { clock: world.clock, signal });
  const after = await untilOrParked(world.parked, asked);
  const failing = failingOf(after);
  if (failing === null) return { end, after };
  if (controller.signal.aborted)
    return { end: { kind: 'cancelled', error: { code: 'TASK_CANCELLED', details: {} } }, after };
  const details = { probe: failing.name, evidence: failing.evidence };
  const done = end.result === undefined ? {} : { result: end.result };
  return { end: { kind: 'failed', ...done, error: { code: 'TASK_PROBE_FAILING_AFTER', details } }, after };
}

/**
 * Probes change nothing: a process that finds them unfinished asks again. Where that cannot be written down they are asked
 * all the same; what the task has done is done.
 */
function enterProbing(stage: StageOf<'probing'>, stages: StepStages, { log }: TaskWorld): void {
  try {
    stages.enter(stage);
  } catch (cause) {
    if (!isUnwritable(cause)) throw cause;
    log.warn('a stage could not be written', { stage: stage.kind, reason: errorCode(cause) });
  }
}

/** The agent itself failed: a full disk, a bug. What had started has an end all the same. */
function endFaulty({ payload, startedAt }: LiveTask, cause: unknown, world: TaskWorld): void {
  const { clock, journal, log, desk } = world;
  const reason = errorCode(cause) ?? String(cause);
  log.error('task could not be carried through', { taskId: payload.taskId, reason });
  const error = { code: 'TASK_AGENT_FAULT', details: { reason } };
  const startedAtMs = startedAt === null ? null : Date.parse(startedAt);
  const outcome = outcomeOfEnd({ kind: 'failed', error }, { startedAtMs, endedAtMs: clock.now() }, null);
  if (journal.tasks.has(taskKey(payload))) desk.ended(payload, outcome, null);
  else desk.unstarted(payload, outcome);
}
