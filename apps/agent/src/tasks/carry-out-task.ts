/** One task from the moment its locks are free: noted in the journal, run under its time limit, captured, ended. */
import { type ActionEnd, TIMED_OUT } from '@pilothouse/agent-kit';
import { type Clock, errorCode } from '@pilothouse/base';
import { type EnvelopePayload, toTimestamp } from '@pilothouse/contract';
import type { Journal } from '../journal/journal.ts';
import { taskKey } from '../journal/replay-journal.ts';
import { recordUndo } from '../journal/undo-records.ts';
import type { AgentLog } from '../log.ts';
import type { OutgoingFrame } from '../session/session-frames.ts';
import type { ActionRegistry } from './action-registry.ts';
import { FLUSH_MS } from './live-output.ts';
import type { LiveTask } from './live-task.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import type { OutputBodies } from './output-bodies.ts';
import { OutputCapture } from './output-capture.ts';
import { runStep } from './run-step.ts';
import type { ServerTime } from './server-time.ts';
import type { TaskFiles } from './task-files.ts';
import { nameOutput, outcomeOfEnd } from './task-outcome.ts';

/** The ledger remembers a step a little longer than its window, for clocks that differ. */
const LEDGER_MARGIN_MS = 10 * 60_000;
/** Of one task's output, whatever the envelope says; the body is built in memory. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface TaskWorld {
  readonly journal: Journal;
  readonly bodies: OutputBodies;
  readonly registry: ActionRegistry;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly isRoot: boolean;
  /** Whether programs get a transient systemd scope of their own. */
  readonly hasScopes: boolean;
  readonly undoDirectory: string;
  readonly serverTime: ServerTime;
  readonly files: TaskFiles;
  readonly desk: OutcomeDesk;
  /** Dropped when there is no session: whatever must arrive is sent again by the desk. */
  readonly send: (frame: OutgoingFrame) => boolean;
}

/** Resolves when the outcome is written; never rejects but for a broken journal. */
export async function carryOutTask(task: LiveTask, startedAtMs: number, world: TaskWorld): Promise<void> {
  try {
    await execute(task, startedAtMs, world);
  } catch (cause) {
    endFaulty(task, cause, world);
  }
}

async function execute(task: LiveTask, startedAtMs: number, world: TaskWorld): Promise<void> {
  const { payload, live } = task;
  const { taskId, attempt } = payload;
  const { clock, send, files } = world;
  noteStart(payload, toTimestamp(startedAtMs), world);
  send({ kind: 'started', taskId, attempt, at: toTimestamp(startedAtMs) });
  const capture = new OutputCapture(
    files.outputOf(payload),
    Math.min(payload.outputBytesMax, OUTPUT_BYTES_MAX),
  );
  const flush = (): void => {
    const taken = live.take();
    if (taken !== null) send({ kind: 'output', taskId, ...taken });
  };
  const stopTimer = clock.after(timeoutMsOf(payload, world.registry), () => task.controller.abort(TIMED_OUT));
  const stopFlushing = clock.every(FLUSH_MS, flush);
  try {
    const end = await perform(task, world, (stream, piece) => live.add(stream, capture.add(stream, piece)));
    flush();
    capture.close();
    const output = nameOutput(capture.body());
    if (output !== null) world.bodies.put(output.digest, output.json);
    world.desk.ended(payload, outcomeOfEnd(end, { startedAtMs, endedAtMs: clock.now() }, output), output);
  } finally {
    stopTimer();
    stopFlushing();
  }
}

function perform(
  { payload, controller }: LiveTask,
  world: TaskWorld,
  onOutput: (stream: 'stdout' | 'stderr', piece: Buffer) => void,
): Promise<ActionEnd> {
  const { registry, hasScopes, isRoot, undoDirectory, log, files } = world;
  return runStep({
    payload,
    registry,
    hasScopes,
    isRoot,
    scratchParent: files.scratch,
    directory: files.outputOf(payload),
    signal: controller.signal,
    onOutput,
    recordUndo: async (record) => recordUndo(undoDirectory, payload, record),
    onCrash: (action, cause) => log.error('action crashed', { action, cause: String(cause) }),
  });
}

function noteStart(payload: EnvelopePayload, at: string, { journal, serverTime }: TaskWorld): void {
  const { taskId, attempt, planDigest, stepIndex, notAfter } = payload;
  journal.started({
    taskId,
    attempt,
    planDigest,
    stepIndex,
    at,
    isDryRun: payload.kind === 'dry-run',
    serverTimeMs: serverTime.now() ?? Date.parse(payload.serverTime),
    expiresAt: toTimestamp(Date.parse(notAfter) + LEDGER_MARGIN_MS),
  });
}

/** The envelope's limit, and no more than the actions themselves allow. */
function timeoutMsOf({ timeoutMs, step }: EnvelopePayload, registry: ActionRegistry): number {
  const allowed = step.actions.map(
    ({ action }) => registry.offered.get(action)?.action.spec.timeoutMsMax ?? 0,
  );
  return Math.min(
    timeoutMs,
    allowed.reduce((sum, each) => sum + each, 0),
  );
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
