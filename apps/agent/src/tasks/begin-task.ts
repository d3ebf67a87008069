import { type EnvelopePayload, isAppError, toTimestamp } from '@pilothouse/contract';
import { isBreakGlass } from '../policy/judge-authority.ts';
import { failingOf, runProbes } from '../probes/run-probes.ts';
import type { LiveTask } from './live-task.ts';
import { noteStart } from './note-start.ts';
import { outcomeOfEnd, refusedOutcome } from './task-outcome.ts';
import { untilOrParked } from './task-parked.ts';
import type { TaskWorld } from './task-world.ts';
import type { Refusal } from './verify-envelope.ts';

/**
 * From the moment a task has its locks to its start in the journal. False when it does not begin: the outcome is then said.
 * The probes come first, so that a host that was not well is told apart from one that the task broke; its step counts as
 * not run.
 */
export async function beginTask(task: LiveTask, world: TaskWorld): Promise<boolean> {
  const { payload, controller } = task;
  const { clock } = world;
  const probes = payload.header.strategy.probes ?? [];
  if (probes.length > 0) {
    const signal = AbortSignal.any([controller.signal, world.parked]);
    task.probesBefore = await untilOrParked(world.parked, () => runProbes(probes, { clock, signal }));
  }
  if (controller.signal.aborted) return sayCancelled(task, world);
  const refusal = refusalOfProbes(task) ?? noteOrRefuse(task, world);
  if (refusal === null) return true;
  const outcome = refusedOutcome(refusal.code, refusal.details, clock.now());
  const said = probes.length > 0 ? { probes: { before: [...task.probesBefore], after: [] } } : {};
  world.log.warn('task not begun', { taskId: payload.taskId, code: refusal.code });
  world.desk.unstarted(payload, { ...outcome, ...said });
  return false;
}

/** An undo begins where something is broken: what fails before it is why it is carried out. */
function refusalOfProbes({ payload, probesBefore }: LiveTask): Refusal | null {
  if (payload.header.rollbackOf !== undefined) return null;
  const failing = failingOf(probesBefore);
  if (failing === null) return null;
  const { name, evidence } = failing;
  return { code: 'TASK_PROBE_FAILING_BEFORE', details: { probe: name, evidence } };
}

/** Durable when it returns null. */
function noteOrRefuse(task: LiveTask, world: TaskWorld): Refusal | null {
  const { payload } = task;
  const overdue = overdueRefusal(payload, world);
  if (overdue !== null) return overdue;
  // Asked when it was taken, too; since then another task may have used what it rests on.
  const granted = world.gatekeeper.judge(payload);
  if (!granted.ok) return granted.error;
  try {
    beginUndo(task, world);
  } catch (cause) {
    if (isAppError(cause)) return { code: cause.code, details: cause.details };
    throw cause;
  }
  const at = toTimestamp(world.clock.now());
  noteStart(payload, { at, granted: granted.value }, world);
  world.history.began(payload, { at, granted: granted.value });
  if (granted.value.by === 'mandate' && isBreakGlass(payload))
    world.log.warn('break-glass mandate used', { taskId: payload.taskId, title: payload.header.title });
  task.startedAt = at;
  if (task.isTold) world.send({ kind: 'started', taskId: payload.taskId, attempt: payload.attempt, at });
  return null;
}

/** Locks and probes may have held it up until its window was over; the server offers it again in the next one. */
function overdueRefusal({ notAfter }: EnvelopePayload, { serverTime }: TaskWorld): Refusal | null {
  const now = serverTime.now();
  if (now === null || now <= Date.parse(notAfter)) return null;
  return { code: 'TASK_START_OVERDUE', details: { notAfter } };
}

function beginUndo({ payload }: LiveTask, { registry, undo }: TaskWorld): void {
  const { kind, planDigest, stepIndex, attempt, header, step } = payload;
  const records = step.actions.some(
    ({ action }) => registry.offered.get(action)?.action.spec.undo.kind === 'recorded',
  );
  if (kind === 'run' && records)
    undo.begin({ planDigest, stepIndex, attempt, planExpiresAt: header.expiresAt });
}

function sayCancelled({ payload }: LiveTask, { clock, desk }: TaskWorld): boolean {
  const error = { code: 'TASK_CANCELLED', details: {} };
  const times = { startedAtMs: null, endedAtMs: clock.now() };
  desk.unstarted(payload, outcomeOfEnd({ kind: 'cancelled', error }, times, null));
  return false;
}
