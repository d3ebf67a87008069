/**
 * Carries out what the server offers.
 *
 * An offer is verified, then queued until its locks are free; it is written to the journal as started, synced, and only
 * then begun. Its outcome is written before it is sent and sent until it is acknowledged. Tasks that an earlier process
 * of the agent had started are unknown: they are reported, never run again. The queue is bounded; beyond it offers are
 * refused with a code that says so.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@pilothouse/base';
import {
  type EnvelopePayload,
  OUTPUT_BYTES_MAX_DEFAULT,
  type TaskOutcome,
  toTimestamp,
} from '@pilothouse/contract';
import type { AgentFrame, JournalEntry, ServerFrameOf } from '@pilothouse/wire';
import type { Journal } from '../journal/journal.ts';
import { taskKey } from '../journal/replay-journal.ts';
import type { AgentLog } from '../log.ts';
import type { ActionRegistry } from './action-registry.ts';
import { FLUSH_MS, LiveOutput } from './live-output.ts';
import { createLockTable } from './lock-table.ts';
import type { OutputBodies } from './output-bodies.ts';
import { OutputCapture, readCaptured, removeCaptured } from './output-capture.ts';
import { runStep } from './run-step.ts';
import { inlineOf, nameOutput, outcomeOfEnd, refusedOutcome, unknownOutcome } from './task-outcome.ts';
import { type EnvelopeJudge, type Refusal, verifyEnvelope } from './verify-envelope.ts';

/** Offers that wait for locks. A host that is so far behind should say so rather than remember more. */
const QUEUE_MAX = 256;
/** The ledger remembers a step a little longer than its window, for clocks that differ. */
const LEDGER_MARGIN_MS = 10 * 60_000;

export type OutgoingTaskFrame = AgentFrame extends infer F
  ? F extends { generation: number }
    ? Omit<F, 'generation'>
    : never
  : never;

export interface TaskRunnerOptions {
  readonly directory: string;
  readonly journal: Journal;
  readonly bodies: OutputBodies;
  readonly registry: ActionRegistry;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly isRoot: boolean;
  readonly scope: 'systemd' | 'group';
  readonly judge: () => Omit<EnvelopeJudge, 'registry' | 'hasRun'>;
  /** Dropped when there is no session: whatever must arrive is sent again by `resend`. */
  readonly send: (frame: OutgoingTaskFrame) => void;
}

interface LiveTask {
  readonly payload: EnvelopePayload;
  readonly locks: readonly string[];
  readonly live: LiveOutput;
  readonly controller: AbortController;
  state: 'waiting' | 'running';
  endedBy: 'timed-out' | 'cancelled';
}

export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #live = new Map<string, LiveTask>();
  /** Outcomes of offers that never started; kept until acknowledged, lost with the process: the server offers again. */
  readonly #unstarted = new Map<string, { taskId: string; attempt: number; outcome: TaskOutcome }>();
  readonly #locks = createLockTable();

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    mkdirSync(this.#scratchDirectory, { recursive: true, mode: 0o700 });
    this.#settleInterrupted();
  }

  offer(frame: ServerFrameOf<'offer'>): void {
    const key = taskKey(frame);
    if (this.#isKnown(key)) return this.#repeat(key);
    const verified = verifyEnvelope(frame.envelope, {
      ...this.#options.judge(),
      registry: this.#options.registry,
      hasRun: (step) => this.#options.journal.hasRun(step),
    });
    if (!verified.ok) return this.#refuse(frame, verified.error);
    const payload = verified.value;
    if (payload.taskId !== frame.taskId || payload.attempt !== frame.attempt) {
      return this.#refuse(frame, { code: 'TASK_PLAN_MISMATCH', details: {} });
    }
    if (this.#live.size >= QUEUE_MAX) {
      return this.#refuse(frame, { code: 'TASK_QUEUE_FULL', details: { waiting: this.#live.size } });
    }
    if (!this.#options.journal.hasRoom(this.#options.clock.now())) {
      return this.#refuse(frame, { code: 'TASK_JOURNAL_FULL', details: {} });
    }
    this.#live.set(key, {
      payload,
      locks: this.#locksOf(payload),
      live: new LiveOutput(frame.outputCreditBytes),
      controller: new AbortController(),
      state: 'waiting',
      endedBy: 'cancelled',
    });
    this.#options.send({ kind: 'accepted', taskId: frame.taskId, attempt: frame.attempt });
    this.#startNext();
  }

  /** Takes back what has not started; what runs goes on. */
  withdraw(taskId: string): void {
    for (const [key, task] of this.#live) {
      if (task.payload.taskId !== taskId || task.state !== 'waiting') continue;
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
      if (task.payload.taskId === taskId) task.controller.abort();
    }
  }

  credit(taskId: string, bytes: number): void {
    for (const task of this.#live.values()) if (task.payload.taskId === taskId) task.live.grant(bytes);
  }

  saved(task: { taskId: string; attempt: number }): void {
    this.#unstarted.delete(taskKey(task));
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
    for (const { payload, state } of this.#live.values()) {
      if (state === 'waiting')
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
    return [...this.#live.values()].filter((task) => task.state === 'running').length;
  }

  #isKnown(key: string): boolean {
    return this.#live.has(key) || this.#unstarted.has(key) || this.#options.journal.tasks.has(key);
  }

  #repeat(key: string): void {
    const live = this.#live.get(key);
    if (live !== undefined) {
      const { taskId, attempt } = live.payload;
      return this.#options.send({ kind: 'accepted', taskId, attempt });
    }
    const unstarted = this.#unstarted.get(key);
    if (unstarted !== undefined)
      return this.#options.send({ kind: 'outcome', ...unstarted, outputInline: null });
    const ended = this.#options.journal.tasks.get(key);
    if (ended?.outcome !== null && ended !== undefined) {
      const { taskId, attempt } = ended.started;
      const body =
        ended.outcome.output === null ? null : this.#options.bodies.get(ended.outcome.output.digest);
      const isSmall = body !== null && body.length <= 4096;
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
      if (task.state !== 'waiting' || !this.#locks.tryTake(key, task.locks)) continue;
      task.state = 'running';
      this.#execute(key, task).catch((cause: unknown) => {
        this.#options.log.error('task could not be carried through', {
          taskId: task.payload.taskId,
          cause: String(cause),
        });
      });
    }
  }

  async #execute(key: string, task: LiveTask): Promise<void> {
    const { payload, controller, live } = task;
    const { taskId, attempt } = payload;
    const { clock, journal, send } = this.#options;
    const startedAtMs = clock.now();
    const at = toTimestamp(startedAtMs);
    const expiresAt = toTimestamp(Date.parse(payload.notAfter) + LEDGER_MARGIN_MS);
    const { planDigest, stepIndex } = payload;
    journal.started({ taskId, attempt, planDigest, stepIndex, at, expiresAt });
    send({ kind: 'started', taskId, attempt, at });
    const bytesMax = Math.min(payload.outputBytesMax, OUTPUT_BYTES_MAX_DEFAULT * 64);
    const capture = new OutputCapture(this.#outputDirectory(payload), bytesMax);
    const stopTimer = clock.after(payload.timeoutMs, () => {
      task.endedBy = 'timed-out';
      controller.abort();
    });
    const flush = (): void => {
      const taken = live.take();
      if (taken !== null) send({ kind: 'output', taskId, ...taken });
    };
    const stopFlushing = clock.every(FLUSH_MS, flush);
    try {
      const end = await runStep({
        payload,
        registry: this.#options.registry,
        scratchParent: this.#scratchDirectory,
        scope: this.#options.scope,
        isRoot: this.#options.isRoot,
        signal: controller.signal,
        endedBy: () => task.endedBy,
        onOutput: (stream, piece) => live.add(stream, capture.add(stream, piece)),
        recordUndo: () => Promise.reject(new Error('undo records are not supported by this agent')),
        onCrash: (action, cause) =>
          this.#options.log.error('action crashed', { action, cause: String(cause) }),
      });
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
      this.#locks.release(key);
      this.#live.delete(key);
      this.#startNext();
    }
  }

  /** What an earlier process started and did not end is unknown, with the output it had captured. */
  #settleInterrupted(): void {
    for (const { started, outcome } of [...this.#options.journal.tasks.values()]) {
      if (outcome !== null) continue;
      const output = nameOutput(readCaptured(this.#outputDirectory(started)));
      if (output !== null) this.#options.bodies.put(output.digest, output.json);
      this.#options.journal.ended(started, unknownOutcome(started.at, this.#options.clock.now(), output));
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

  #outputDirectory(task: { taskId: string; attempt: number }): string {
    const safe = `${task.taskId}-${task.attempt}`.replace(/[^a-zA-Z0-9_-]/g, '-');
    return join(this.#options.directory, 'outputs', safe);
  }

  get #scratchDirectory(): string {
    return join(this.#options.directory, 'scratch');
  }
}
