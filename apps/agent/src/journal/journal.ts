/**
 * The agent's memory of what it did.
 *
 * Problem: after a kill -9, a power cut or a full disk the agent must know which tasks it started, must never run one
 * again by itself, and must be able to write the end of a task that it was able to start.
 *
 * Rule: records are written in place into a file whose blocks are allocated beforehand, each synced before what it
 * announces happens. A task is accepted only while its start and its end both fit into what is allocated, so a full disk
 * refuses tasks and never loses an outcome. When the file is full it is compacted into a new one, which needs disk space;
 * without space the journal says so, and stays as it is. On a disk that fails or has become read-only no task begins, and
 * the end of one that runs is kept in memory.
 *
 * Limits: CAPACITY_BYTES for all unacknowledged tasks and the ledger of unexpired steps; RECORD_BYTES_MAX for a record.
 */
import { closeSync, constants, fdatasyncSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '@pilothouse/base';
import { type ActionOutcome, type TaskOutcome, toTimestamp } from '@pilothouse/contract';
import { writeDurably } from '../data-directory.ts';
import { isUnwritable } from '../unwritable.ts';
import { writeWhole } from '../write-whole.ts';
import { encodeRecord, type JournalRecord, type StartedRecord } from './journal-record.ts';
import {
  applyRecord,
  type JournalState,
  type JournalTask,
  type LedgerEntry,
  type MandateUses,
  replayJournal,
  stepKey,
  taskKey,
} from './replay-journal.ts';
import type { TaskStage } from './task-stage.ts';

/** Holds some 2,000 tasks. */
export const CAPACITY_BYTES = 1024 * 1024;
/** An outcome with a typed result; larger results are dropped by the runner before they come here. */
export const RECORD_BYTES_MAX = 32 * 1024;
/** What one action may write before its task ends: its own end, and its stages with what they remember. */
export const ACTION_RECORDS_BYTES_MAX = 12 * 1024;

export class Journal {
  readonly #path: string;
  #descriptor: number;
  #length: number;
  readonly #state: {
    readonly tasks: Map<string, JournalTask>;
    readonly ledger: Map<string, LedgerEntry>;
    readonly uses: Map<string, MandateUses>;
    serverTimeMs: number | null;
  };

  private constructor(path: string, descriptor: number, state: JournalState) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#length = state.length;
    const { tasks, ledger, uses, serverTimeMs } = state;
    this.#state = { tasks: new Map(tasks), ledger: new Map(ledger), uses: new Map(uses), serverTimeMs };
  }

  /** Opens or makes the journal; throws when the disk has no room to allocate a new one. */
  static open(path: string): Journal {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const existing = readIfThere(path);
    if (existing === null) writeAllocated(path, '');
    const descriptor = openSync(path, constants.O_RDWR);
    return new Journal(path, descriptor, replayJournal(existing ?? Buffer.alloc(0)));
  }

  /** Tasks whose outcome the server has not acknowledged. */
  get tasks(): ReadonlyMap<string, JournalTask> {
    return this.#state.tasks;
  }

  /** The latest signed server time that an earlier process recorded; null when there is none. */
  get serverTimeFloorMs(): number | null {
    return this.#state.serverTimeMs;
  }

  /** Whether this attempt, or a later one, of the step has begun here. */
  hasRun(step: { planDigest: string; stepIndex: number; attempt: number }): boolean {
    const entry = this.#state.ledger.get(stepKey(step));
    return entry !== undefined && step.attempt <= entry.attempt;
  }

  /** Times that a task under this mandate has begun here, ever. */
  usesOf(mandateDigest: string): number {
    return this.#state.uses.get(mandateDigest)?.count ?? 0;
  }

  /** What of a plan has begun on this host, as long as the ledger remembers it; a host has one step of a plan. */
  ranPlan(planDigest: string): LedgerEntry | null {
    for (const entry of this.#state.ledger.values()) if (entry.planDigest === planDigest) return entry;
    return null;
  }

  /** Whether an undo of this plan has begun here by the word of those who signed the plan. */
  wasUndone(planDigest: string): boolean {
    for (const { granted } of this.#state.ledger.values()) if (granted?.undoOf === planDigest) return true;
    return false;
  }

  /** Everything that has begun here and that the ledger remembers. */
  get ledger(): Iterable<LedgerEntry> {
    return this.#state.ledger.values();
  }

  /**
   * Whether tasks with so many actions each, the waiting ones and one more, fit beside those that run: start, stages and
   * end. Compacts first when it has to, dropping what has expired by the server's time; null drops nothing.
   */
  hasRoom(serverNowMs: number | null, actionsOfTasks: readonly number[] = [1]): boolean {
    const open = [...this.#state.tasks.values()].filter((task) => task.outcome === null);
    const toEnd = (actions: number): number => RECORD_BYTES_MAX + actions * ACTION_RECORDS_BYTES_MAX;
    const needed =
      sumOf(open.map(({ started }) => toEnd(started.actions ?? 1))) +
      sumOf(actionsOfTasks.map((actions) => RECORD_BYTES_MAX + toEnd(actions)));
    if (CAPACITY_BYTES - this.#length >= needed) return true;
    return this.#compact(serverNowMs) && CAPACITY_BYTES - this.#length >= needed;
  }

  /** Durable on return: from here on the step counts as run. */
  started(record: Omit<StartedRecord, 'kind'>): void {
    this.#append({ kind: 'started', ...record });
  }

  /** Durable on return: one action of several has ended, and its stage with it. */
  actionEnded({ taskId, attempt }: { taskId: string; attempt: number }, outcome: ActionOutcome): void {
    this.#append({ kind: 'action-ended', taskId, attempt, outcome });
  }

  /** Durable on return, so that what the stage announces may begin. */
  stage({ taskId, attempt }: { taskId: string; attempt: number }, stage: TaskStage | null): void {
    this.#append({ kind: 'stage', taskId, attempt, stage });
  }

  /** False where the disk does not take it: this process knows the end and says it; to the next one it is unknown. */
  ended({ taskId, attempt }: { taskId: string; attempt: number }, outcome: TaskOutcome): boolean {
    if (!this.#state.tasks.has(taskKey({ taskId, attempt }))) return true;
    const record = { kind: 'ended' as const, taskId, attempt, outcome };
    try {
      this.#append(record);
      return true;
    } catch (cause) {
      if (!isUnwritable(cause)) throw cause;
      applyRecord(record, this.#state);
      return false;
    }
  }

  /** The server has it. Losing this record only means that the outcome is sent once more, so it is not synced. */
  saved(task: { taskId: string; attempt: number }): void {
    if (!this.#state.tasks.delete(taskKey(task))) return;
    const line = encodeRecord({ kind: 'saved', taskId: task.taskId, attempt: task.attempt });
    if (this.#length + line.length > CAPACITY_BYTES) return;
    try {
      this.#write(line);
    } catch (cause) {
      if (!isUnwritable(cause)) throw cause;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #append(record: JournalRecord): void {
    const line = encodeRecord(record);
    if (Buffer.byteLength(line) > RECORD_BYTES_MAX) throw new RangeError('journal record is too large');
    if (this.#length + Buffer.byteLength(line) > CAPACITY_BYTES) throw new RangeError('journal is full');
    this.#write(line);
    fdatasyncSync(this.#descriptor);
    applyRecord(record, this.#state);
  }

  #write(line: string): void {
    this.#length += writeWhole(this.#descriptor, line, this.#length);
  }

  /** Keeps what is unacknowledged and the unexpired ledger. False when the disk has no room for the new file. */
  #compact(serverNowMs: number | null): boolean {
    const { tasks, ledger, uses } = this.#state;
    if (serverNowMs !== null) {
      for (const forgotten of [ledger, uses])
        for (const [key, entry] of forgotten) if (entry.expiresAtMs < serverNowMs) forgotten.delete(key);
      // What was forgotten because it is over must stay over: nobody may set the clock back before that time.
      this.#state.serverTimeMs = Math.max(this.#state.serverTimeMs ?? 0, serverNowMs);
    }
    const { serverTimeMs } = this.#state;
    const records: JournalRecord[] = serverTimeMs === null ? [] : [{ kind: 'time', serverTimeMs }];
    for (const { expiresAtMs, ...entry } of ledger.values())
      records.push({ kind: 'ran', ...entry, expiresAt: toTimestamp(expiresAtMs) });
    for (const task of tasks.values()) records.push(...recordsOf(task));
    // After the starts, which count again when they are read.
    for (const [mandate, { count, expiresAtMs }] of uses)
      records.push({ kind: 'uses', mandate, count, expiresAt: toTimestamp(expiresAtMs) });
    const text = records.map(encodeRecord).join('');
    if (!tryWriteAllocated(this.#path, text)) return false;
    const compacted = openSync(this.#path, constants.O_RDWR);
    closeSync(this.#descriptor);
    this.#descriptor = compacted;
    this.#length = Buffer.byteLength(text);
    return true;
  }
}

/** What makes this task again when it is replayed. */
function recordsOf({ started, outcome, actions, stage }: JournalTask): JournalRecord[] {
  const { taskId, attempt } = started;
  if (outcome !== null) return [started, { kind: 'ended', taskId, attempt, outcome }];
  return [
    started,
    ...actions.map((each) => ({ kind: 'action-ended' as const, taskId, attempt, outcome: each })),
    ...(stage === null ? [] : [{ kind: 'stage' as const, taskId, attempt, stage }]),
  ];
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);

function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return null;
    throw cause;
  }
}

/** Writes text and zeros up to the capacity, so that every later write finds its block allocated; then renames it in. */
function writeAllocated(path: string, text: string): void {
  const bytes = Buffer.alloc(CAPACITY_BYTES);
  bytes.write(text);
  writeDurably(path, bytes);
}

function tryWriteAllocated(path: string, text: string): boolean {
  if (Buffer.byteLength(text) > CAPACITY_BYTES) return false;
  try {
    writeAllocated(path, text);
    return true;
  } catch (cause) {
    if (isUnwritable(cause)) return false;
    throw cause;
  }
}
