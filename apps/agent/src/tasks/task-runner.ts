/**
 * Carries out what the server offers.
 *
 * An offer is verified, then queued until its locks are free; it is written to the journal as started, synced, and only
 * then begun. Its outcome is written before it is sent and sent until it is acknowledged. Tasks that an earlier process
 * of the agent had started are unknown: they are reported, never run again. The queue is bounded; beyond it offers are
 * refused with a code that says so.
 */
import { existsSync, mkdirSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { type ActionEnd, CANCELLED, openLeftPipe, TIMED_OUT } from '@pilothouse/agent-kit';
import type { Clock } from '@pilothouse/base';
import { errorCode } from '@pilothouse/base';
import {
  type EnvelopePayload,
  OUTPUT_INLINE_BYTES_MAX,
  type TaskOutcome,
  toTimestamp,
} from '@pilothouse/contract';
import type { JournalEntry, ServerFrameOf } from '@pilothouse/wire';
import type { Journal } from '../journal/journal.ts';
import { taskKey } from '../journal/replay-journal.ts';
import { recordUndo } from '../journal/undo-records.ts';
import type { AgentLog } from '../log.ts';
import type { OutgoingFrame } from '../session/session-frames.ts';
import type { ActionRegistry } from './action-registry.ts';
import { FLUSH_MS, LiveOutput } from './live-output.ts';
import { createLockTable } from './lock-table.ts';
import type { OutputBodies } from './output-bodies.ts';
import { OutputCapture, readCaptured, removeCaptured } from './output-capture.ts';
import { runStep } from './run-step.ts';
import type { ServerTime } from './server-time.ts';
import { inlineOf, nameOutput, outcomeOfEnd, refusedOutcome, unknownOutcome } from './task-outcome.ts';
import { type EnvelopeJudge, type Refusal, verifyEnvelope } from './verify-envelope.ts';

/** Offers that wait for locks. A host that is so far behind should say so rather than remember more. */
const QUEUE_MAX = 256;
/** The ledger remembers a step a little longer than its window, for clocks that differ. */
const LEDGER_MARGIN_MS = 10 * 60_000;

/** Below this no task begins: its output and its scratch files need room, and so does the host. */
const DISK_FREE_BYTES_MIN = 16 * 1024 * 1024;
/** Of one task's output, whatever the envelope says; the body is built in memory. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface TaskRunnerOptions {
  readonly directory: string;
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
  readonly judge: () => Pick<EnvelopeJudge, 'hostId' | 'trustedKeys' | 'isHeld'>;
  /** Dropped when there is no session: whatever must arrive is sent again by `resend`. */
  readonly send: (frame: OutgoingFrame) => boolean;
}

interface LiveTask {
  readonly payload: EnvelopePayload;
  readonly locks: readonly string[];
  readonly live: LiveOutput;
  readonly controller: AbortController;
  /** Null while it waits for its locks. */
  startedAt: string | null;
}

export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #live = new Map<string, LiveTask>();
  /** Outcomes of offers that never started; kept until acknowledged, lost with the process: the server offers again. */
  readonly #unstarted = new Map<string, { taskId: string; attempt: number; outcome: TaskOutcome }>();
  readonly #locks = createLockTable();
  readonly #running = new Set<Promise<void>>();

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    mkdirSync(this.#scratchDirectory, { recursive: true, mode: 0o700 });
    this.#settleInterrupted();
  }

  offer(frame: ServerFrameOf<'offer'>): void {
    const key = taskKey(frame);
    if (this.#isKnown(key)) return this.#repeat(key);
    const { registry, journal, serverTime } = this.#options;
    const verified = verifyEnvelope(frame.envelope, {
      ...this.#options.judge(),
      registry,
      serverNowMs: serverTime.now(),
      skewMs: serverTime.skewMs(),
      hasRun: (step) => journal.hasRun(step),
    });
    if (!verified.ok) return this.#refuse(frame, verified.error);
    const payload = verified.value;
    serverTime.learn(Date.parse(payload.serverTime));
    const refusal = this.#refusalNow(frame, payload);
    if (refusal !== null) return this.#refuse(frame, refusal);
    this.#live.set(key, {
      payload,
      locks: this.#locksOf(payload),
      live: new LiveOutput(frame.outputCreditBytes),
      controller: new AbortController(),
      startedAt: null,
    });
    this.#options.send({ kind: 'accepted', taskId: frame.taskId, attempt: frame.attempt });
    this.#startNext();
  }

  /** What keeps a genuine task from being taken at this moment. */
  #refusalNow(frame: ServerFrameOf<'offer'>, payload: EnvelopePayload): Refusal | null {
    if (payload.taskId !== frame.taskId || payload.attempt !== frame.attempt)
      return { code: 'TASK_PLAN_MISMATCH', details: {} };
    if (this.#live.size >= QUEUE_MAX)
      return { code: 'TASK_QUEUE_FULL', details: { waiting: this.#live.size } };
    const { bavail, bsize } = statfsSync(this.#options.directory);
    if (bavail * bsize < DISK_FREE_BYTES_MIN)
      return { code: 'TASK_DISK_FULL', details: { freeBytes: bavail * bsize } };
    const waiting = this.#live.size - this.runningCount;
    if (!this.#options.journal.hasRoom(this.#options.serverTime.now(), waiting))
      return { code: 'TASK_JOURNAL_FULL', details: {} };
    return null;
  }

  /** Takes back what has not started; what runs goes on. */
  withdraw(taskId: string): void {
    for (const [key, task] of this.#live) {
      if (task.payload.taskId !== taskId || task.startedAt !== null) continue;
      this.#live.delete(key);
      const { attempt } = task.payload;
      const error = { code: 'TASK_CANCELLED', details: {} };
      const end = { kind: 'cancelled', error } as const;
      const times = { startedAtMs: null, endedAtMs: this.#options.clock.now() };
      this.#keepUnstarted(taskId, attempt, outcomeOfEnd(end, times, null));
    }
  }

  cancel(taskId: string): void {
    this.withdraw(taskId);
    for (const task of this.#live.values()) {
      if (task.payload.taskId === taskId) task.controller.abort(CANCELLED);
    }
  }

  credit(taskId: string, bytes: number): void {
    for (const task of this.#live.values()) if (task.payload.taskId === taskId) task.live.grant(bytes);
  }

  saved(task: { taskId: string; attempt: number }): void {
    this.#unstarted.delete(taskKey(task));
    const digest = this.#options.journal.tasks.get(taskKey(task))?.outcome?.output?.digest;
    // A large body may still be asked for; one that travelled with its outcome will not.
    if (digest !== undefined) this.#options.bodies.removeSmall(digest, OUTPUT_INLINE_BYTES_MAX);
    this.#options.journal.saved(task);
    removeCaptured(this.#outputDirectory(task));
  }

  /** What `hello` says: everything the server has not acknowledged. */
  journalEntries(): JournalEntry[] {
    const entries: JournalEntry[] = [];
    for (const { started, outcome } of this.#options.journal.tasks.values()) {
      entries.push({
        taskId: started.taskId,
        attempt: started.attempt,
        state: outcome === null ? 'started' : 'ended',
      });
    }
    for (const { payload, startedAt } of this.#live.values()) {
      if (startedAt === null)
        entries.push({ taskId: payload.taskId, attempt: payload.attempt, state: 'accepted' });
    }
    for (const { taskId, attempt } of this.#unstarted.values())
      entries.push({ taskId, attempt, state: 'ended' });
    return entries.slice(0, 10_000);
  }

  /** After a session opened: every outcome that was not acknowledged. */
  resend(): void {
    for (const [key, { outcome }] of this.#options.journal.tasks) if (outcome !== null) this.#repeat(key);
    for (const key of this.#unstarted.keys()) this.#repeat(key);
  }

  get runningCount(): number {
    return [...this.#live.values()].filter((task) => task.startedAt !== null).length;
  }

  #isKnown(key: string): boolean {
    return this.#live.has(key) || this.#unstarted.has(key) || this.#options.journal.tasks.has(key);
  }

  #repeat(key: string): void {
    const live = this.#live.get(key);
    if (live !== undefined) {
      const { taskId, attempt } = live.payload;
      if (live.startedAt === null) this.#options.send({ kind: 'accepted', taskId, attempt });
      else this.#options.send({ kind: 'started', taskId, attempt, at: live.startedAt });
      return;
    }
    const unstarted = this.#unstarted.get(key);
    if (unstarted !== undefined) {
      this.#options.send({ kind: 'outcome', ...unstarted, outputInline: null });
      return;
    }
    const ended = this.#options.journal.tasks.get(key);
    if (ended?.outcome !== null && ended !== undefined) {
      const { taskId, attempt } = ended.started;
      const body =
        ended.outcome.output === null ? null : this.#options.bodies.get(ended.outcome.output.digest);
      const isSmall = body !== null && body.length <= OUTPUT_INLINE_BYTES_MAX;
      const outputInline = isSmall ? body.toString('utf8') : null;
      this.#options.send({ kind: 'outcome', taskId, attempt, outcome: ended.outcome, outputInline });
    }
  }

  #refuse(task: { taskId: string; attempt: number }, refusal: Refusal): void {
    this.#options.log.warn('task refused', { taskId: task.taskId, code: refusal.code });
    const outcome = refusedOutcome(refusal.code, refusal.details, this.#options.clock.now());
    this.#keepUnstarted(task.taskId, task.attempt, outcome);
  }

  #keepUnstarted(taskId: string, attempt: number, outcome: TaskOutcome): void {
    if (this.#unstarted.size < QUEUE_MAX)
      this.#unstarted.set(taskKey({ taskId, attempt }), { taskId, attempt, outcome });
    this.#options.send({ kind: 'outcome', taskId, attempt, outcome, outputInline: null });
  }

  #locksOf(payload: EnvelopePayload): string[] {
    const locks = new Set<string>();
    for (const { action, parameters } of payload.step.actions) {
      const spec = this.#options.registry.offered.get(action)?.action.spec;
      if (spec === undefined || payload.kind === 'dry-run') continue;
      const parsed = spec.parameters.parse(parameters);
      if (spec.effect(parsed) !== 'read') locks.add('host');
      for (const lock of spec.locks(parsed)) locks.add(lock);
    }
    return [...locks];
  }

  #startNext(): void {
    for (const [key, task] of this.#live) {
      if (task.startedAt !== null || !this.#locks.tryTake(key, task.locks)) continue;
      const startedAtMs = this.#options.clock.now();
      task.startedAt = toTimestamp(startedAtMs);
      const running = this.#execute(task, startedAtMs)
        .catch((cause: unknown) => this.#fault(task, cause))
        .finally(() => {
          this.#locks.release(key);
          this.#live.delete(key);
          this.#running.delete(running);
          this.#startNext();
        });
      this.#running.add(running);
    }
  }

  async #execute(task: LiveTask, startedAtMs: number): Promise<void> {
    const { payload, live } = task;
    const { taskId, attempt } = payload;
    const { clock, journal, send } = this.#options;
    this.#noteStart(payload, toTimestamp(startedAtMs));
    send({ kind: 'started', taskId, attempt, at: toTimestamp(startedAtMs) });
    const bytesMax = Math.min(payload.outputBytesMax, OUTPUT_BYTES_MAX);
    const capture = new OutputCapture(this.#outputDirectory(payload), bytesMax);
    const flush = (): void => {
      const taken = live.take();
      if (taken !== null) send({ kind: 'output', taskId, ...taken });
    };
    const stopTimer = clock.after(this.#timeoutMsOf(payload), () => task.controller.abort(TIMED_OUT));
    const stopFlushing = clock.every(FLUSH_MS, flush);
    try {
      const end = await this.#perform(task, (stream, piece) => live.add(stream, capture.add(stream, piece)));
      flush();
      capture.close();
      const output = nameOutput(capture.body());
      if (output !== null) this.#options.bodies.put(output.digest, output.json);
      const outcome = outcomeOfEnd(end, { startedAtMs, endedAtMs: clock.now() }, output);
      journal.ended({ taskId, attempt }, outcome);
      send({ kind: 'outcome', taskId, attempt, outcome, outputInline: inlineOf(output) });
    } finally {
      stopTimer();
      stopFlushing();
    }
  }

  #perform(
    { payload, controller }: LiveTask,
    onOutput: (stream: 'stdout' | 'stderr', piece: Buffer) => void,
  ): Promise<ActionEnd> {
    const { registry, hasScopes, isRoot, undoDirectory, log } = this.#options;
    return runStep({
      payload,
      registry,
      hasScopes,
      isRoot,
      scratchParent: this.#scratchDirectory,
      directory: this.#outputDirectory(payload),
      signal: controller.signal,
      onOutput,
      recordUndo: async (record) => recordUndo(undoDirectory, payload, record),
      onCrash: (action, cause) => log.error('action crashed', { action, cause: String(cause) }),
    });
  }

  #noteStart(payload: EnvelopePayload, at: string): void {
    const { taskId, attempt, planDigest, stepIndex, notAfter } = payload;
    this.#options.journal.started({
      taskId,
      attempt,
      planDigest,
      stepIndex,
      at,
      isDryRun: payload.kind === 'dry-run',
      serverTimeMs: this.#options.serverTime.now() ?? Date.parse(payload.serverTime),
      expiresAt: toTimestamp(Date.parse(notAfter) + LEDGER_MARGIN_MS),
    });
  }

  /** The envelope's limit, and no more than the actions themselves allow. */
  #timeoutMsOf({ timeoutMs, step }: EnvelopePayload): number {
    const allowed = step.actions.map(
      ({ action }) => this.#options.registry.offered.get(action)?.action.spec.timeoutMsMax ?? 0,
    );
    return Math.min(
      timeoutMs,
      allowed.reduce((sum, each) => sum + each, 0),
    );
  }

  /** The agent itself failed: a full disk, a bug. What had started has an end all the same. */
  #fault({ payload, startedAt }: LiveTask, cause: unknown): void {
    const { taskId, attempt } = payload;
    const { clock, journal, log, send } = this.#options;
    const reason = errorCode(cause) ?? String(cause);
    log.error('task could not be carried through', { taskId, reason });
    const error = { code: 'TASK_AGENT_FAULT', details: { reason } };
    const startedAtMs = startedAt === null ? null : Date.parse(startedAt);
    const outcome = outcomeOfEnd({ kind: 'failed', error }, { startedAtMs, endedAtMs: clock.now() }, null);
    if (!journal.tasks.has(taskKey(payload))) return this.#keepUnstarted(taskId, attempt, outcome);
    journal.ended({ taskId, attempt }, outcome);
    send({ kind: 'outcome', taskId, attempt, outcome, outputInline: null });
  }

  /** Before the agent ends: programs that would end with it are cancelled; those in scopes of their own go on. */
  async stop(): Promise<void> {
    if (this.#options.hasScopes) return;
    for (const [key, task] of this.#live) {
      if (task.startedAt === null) this.#live.delete(key);
      else task.controller.abort(CANCELLED);
    }
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** What an earlier process started and did not end is unknown, with the output it had captured. */
  #settleInterrupted(): void {
    for (const { started, outcome } of [...this.#options.journal.tasks.values()]) {
      if (outcome !== null) continue;
      const output = nameOutput(readCaptured(this.#outputDirectory(started)));
      if (output !== null) this.#options.bodies.put(output.digest, output.json);
      this.#options.journal.ended(started, unknownOutcome(started.at, this.#options.clock.now(), output));
      this.#drain(this.#outputDirectory(started));
      this.#options.log.warn('task was interrupted', { taskId: started.taskId });
    }
    const kept = new Set(
      [...this.#options.journal.tasks.values()].map(({ started }) => this.#outputDirectory(started)),
    );
    const outputs = join(this.#options.directory, 'outputs');
    mkdirSync(outputs, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(outputs))
      if (!kept.has(join(outputs, name))) removeCaptured(join(outputs, name));
  }

  /** A program that outlived the agent must not wait for a reader; what it still says is not kept. */
  #drain(directory: string): void {
    if (!existsSync(directory)) return;
    for (const name of readdirSync(directory)) {
      if (/^std(out|err)-\d+$/.test(name)) openLeftPipe(join(directory, name))?.resume().unref();
    }
  }

  #outputDirectory(task: { taskId: string; attempt: number }): string {
    const safe = `${task.taskId}-${task.attempt}`.replace(/[^a-zA-Z0-9_-]/g, '-');
    return join(this.#options.directory, 'outputs', safe);
  }

  get #scratchDirectory(): string {
    return join(this.#options.directory, 'scratch');
  }
}
