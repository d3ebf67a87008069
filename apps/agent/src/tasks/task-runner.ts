/**
 * Takes what the server offers.
 *
 * An offer is verified, then queued until its locks are free; it is written to the journal as started, synced, and only
 * then begun. Its outcome is written before it is sent and sent until it is acknowledged. Tasks that an earlier process
 * of the agent had started are unknown: they are reported, never run again, but for those in a stage, which are taken up.
 * The queue is bounded; beyond it offers are refused with a code that says so.
 */
import { statfsSync } from 'node:fs';
import { CANCELLED } from '@pilothouse/agent-kit';
import type { EnvelopePayload } from '@pilothouse/contract';
import type { JournalEntry, ServerFrameOf } from '@pilothouse/wire';
import { taskKey } from '../journal/replay-journal.ts';
import { carryOutTask } from './carry-out-task.ts';
import { LiveOutput } from './live-output.ts';
import type { LiveTask } from './live-task.ts';
import { createLockTable } from './lock-table.ts';
import { createOutcomeDesk } from './outcome-desk.ts';
import { removeCaptured } from './output-capture.ts';
import { settleInterrupted } from './settle-interrupted.ts';
import { openTaskFiles } from './task-files.ts';
import { outcomeOfEnd, refusedOutcome } from './task-outcome.ts';
import type { TaskWorld } from './task-world.ts';
import { type EnvelopeJudge, type Refusal, verifyEnvelope } from './verify-envelope.ts';

/** Offers that wait for locks. A host that is so far behind should say so rather than remember more. */
const QUEUE_MAX = 256;
/** Below this no task begins: its output and its scratch files need room, and so does the host. */
export const DISK_FREE_BYTES_MIN = 16 * 1024 * 1024;
/** A task that ends within this time says only how it ended: a third of the frames of a command that is quick. */
const FIRST_WORD_MS = 100;
/** Of one hello. */
const ENTRIES_MAX = 10_000;

export interface TaskRunnerOptions extends Omit<TaskWorld, 'files' | 'desk' | 'parked'> {
  readonly directory: string;
  readonly judge: () => Pick<EnvelopeJudge, 'hostId' | 'trustedKeys' | 'isHeld'>;
}

export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #world: TaskWorld;
  readonly #live = new Map<string, LiveTask>();
  readonly #locks = createLockTable();
  readonly #running = new Set<Promise<void>>();
  readonly #parking = new AbortController();

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    const files = openTaskFiles(options.directory);
    const parked = this.#parking.signal;
    this.#world = { ...options, files, parked, desk: createOutcomeDesk(options) };
    for (const task of settleInterrupted(this.#world, (payload) => this.#locksOf(payload)))
      this.#live.set(taskKey(task.payload), task);
    this.#startNext();
  }

  offer(frame: ServerFrameOf<'offer'>): void {
    const key = taskKey(frame);
    if (this.#live.has(key) || this.#world.desk.isKnown(key)) return this.#repeat(key);
    const { registry, journal, serverTime } = this.#options;
    const verified = verifyEnvelope(frame.envelope, {
      ...this.#options.judge(),
      registry,
      kinds: ['run', 'dry-run'],
      serverNowMs: serverTime.now(),
      skewMs: serverTime.skewMs(),
      hasRun: (step) => journal.hasRun(step),
    });
    if (!verified.ok) return this.#refuse(frame, verified.error);
    const payload = verified.value;
    serverTime.learn(Date.parse(payload.serverTime));
    const granted = this.#options.gatekeeper.judge(payload);
    if (!granted.ok) return this.#refuse(frame, granted.error);
    const refusal = this.#refusalNow(frame, payload);
    if (refusal !== null) return this.#refuse(frame, refusal);
    const task: LiveTask = {
      payload,
      locks: this.#locksOf(payload),
      live: new LiveOutput(frame.outputCreditBytes),
      controller: new AbortController(),
      resume: null,
      probesBefore: [],
      hasLocks: false,
      isTold: false,
      startedAt: null,
    };
    this.#live.set(key, task);
    this.#startNext();
    this.#options.clock.after(FIRST_WORD_MS, () => {
      task.isTold = true;
      if (this.#live.get(key) === task) this.#repeat(key);
    });
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
    const notStarted = [...this.#live.values()].filter((task) => task.startedAt === null);
    const actionsOfTasks = [...notStarted.map((task) => task.payload), payload].map(
      ({ step }) => step.actions.length,
    );
    if (!this.#options.journal.hasRoom(this.#options.gatekeeper.surelyNowMs(), actionsOfTasks))
      return { code: 'TASK_JOURNAL_FULL', details: {} };
    return null;
  }

  /** Takes back what has not started; what runs goes on. */
  withdraw(taskId: string): void {
    for (const [key, task] of this.#live) {
      if (task.payload.taskId !== taskId || task.startedAt !== null) continue;
      // Its probes run: they end, and say that it was cancelled.
      if (task.hasLocks) {
        task.controller.abort(CANCELLED);
        continue;
      }
      this.#live.delete(key);
      const error = { code: 'TASK_CANCELLED', details: {} };
      const times = { startedAtMs: null, endedAtMs: this.#options.clock.now() };
      this.#world.desk.unstarted(task.payload, outcomeOfEnd({ kind: 'cancelled', error }, times, null));
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
    // What has not ended cannot have been saved, whatever a server says: its records are needed until then.
    if (this.#live.has(taskKey(task))) return;
    this.#world.desk.saved(task);
    removeCaptured(this.#world.files.outputOf(task));
  }

  /** Says what has become of a task, and of an ended one its outcome once more. */
  askedOf(taskId: string): void {
    const words = this.journalEntries().filter((entry) => entry.taskId === taskId);
    const has = (state: JournalEntry['state']): boolean => words.some((entry) => entry.state === state);
    const state = has('started')
      ? 'started'
      : has('accepted')
        ? 'accepted'
        : has('ended')
          ? 'ended'
          : 'absent';
    this.#options.send({ kind: 'task-word', taskId, state });
    for (const entry of words) if (entry.state === 'ended') this.#world.desk.repeat(taskKey(entry));
  }

  /** What `hello` says: everything the server has not acknowledged. */
  journalEntries(): JournalEntry[] {
    const entries = this.#world.desk.entries();
    for (const { payload, startedAt } of this.#live.values()) {
      if (startedAt === null)
        entries.push({ taskId: payload.taskId, attempt: payload.attempt, state: 'accepted' });
    }
    return entries.slice(0, ENTRIES_MAX);
  }

  /** After a session opened: every outcome that was not acknowledged. */
  resend(): void {
    this.#world.desk.repeatAll();
  }

  get runningCount(): number {
    return [...this.#live.values()].filter((task) => task.startedAt !== null).length;
  }

  #repeat(key: string): void {
    const live = this.#live.get(key);
    if (live === undefined) return this.#world.desk.repeat(key);
    const { taskId, attempt } = live.payload;
    if (live.startedAt === null) this.#options.send({ kind: 'accepted', taskId, attempt });
    else this.#options.send({ kind: 'started', taskId, attempt, at: live.startedAt });
  }

  #refuse(task: { taskId: string; attempt: number }, refusal: Refusal): void {
    this.#options.log.warn('task refused', { taskId: task.taskId, code: refusal.code });
    const outcome = refusedOutcome(refusal.code, refusal.details, this.#options.clock.now());
    this.#world.desk.unstarted(task, outcome);
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
      if (task.hasLocks || !this.#locks.tryTake(key, task.locks)) continue;
      task.hasLocks = true;
      const running = carryOutTask(task, this.#world).finally(() => {
        this.#locks.release(key);
        this.#live.delete(key);
        this.#running.delete(running);
        this.#startNext();
      });
      this.#running.add(running);
    }
  }

  /**
   * Before the agent ends: tasks in a stage are left to the next process; programs that would end with this one are
   * cancelled, those in scopes of their own go on.
   */
  async stop(): Promise<void> {
    this.#parking.abort();
    if (this.#options.hasScopes) return;
    for (const [key, task] of this.#live) {
      if (!task.hasLocks) this.#live.delete(key);
      else task.controller.abort(CANCELLED);
    }
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}
