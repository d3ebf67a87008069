/**
 * The agent's memory of what it did.
 *
 * Problem: after a kill -9, a power cut or a full disk the agent must know which tasks it started, must never run one
 * again by itself, and must be able to write the end of a task that it was able to start.
 *
 * Rule: records are written in place into a file whose blocks are allocated beforehand, each synced before what it
 * announces happens. A task is accepted only while its start and its end both fit into what is allocated, so a full disk
 * refuses tasks and never loses an outcome. When the file is full it is compacted into a new one, which needs disk space;
 * without space the journal says so, and stays as it is.
 *
 * Limits: CAPACITY_BYTES for all unacknowledged tasks and the ledger of unexpired steps; RECORD_BYTES_MAX for a record.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '@pilothouse/base';
import { type TaskOutcome, toTimestamp } from '@pilothouse/contract';
import { isDiskFull } from '../disk-full.ts';
import { encodeRecord, type JournalRecord, type StartedRecord } from './journal-record.ts';
import {
  applyRecord,
  type JournalState,
  type JournalTask,
  type LedgerEntry,
  replayJournal,
  stepKey,
  taskKey,
} from './replay-journal.ts';

/** Holds some 2,000 tasks. */
export const CAPACITY_BYTES = 1024 * 1024;
/** An outcome with a typed result; larger results are dropped by the runner before they come here. */
export const RECORD_BYTES_MAX = 32 * 1024;

export class Journal {
  readonly #path: string;
  #descriptor: number;
  #length: number;
  readonly #state: {
    readonly tasks: Map<string, JournalTask>;
    readonly ledger: Map<string, LedgerEntry>;
    serverTimeMs: number | null;
  };

  private constructor(path: string, descriptor: number, state: JournalState) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#length = state.length;
    const { tasks, ledger, serverTimeMs } = state;
    this.#state = { tasks: new Map(tasks), ledger: new Map(ledger), serverTimeMs };
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

  /**
   * Whether one more task fits beside those that run and `waiting` others, start and end. Compacts first when it has to,
   * dropping what has expired by the server's time; null drops nothing.
   */
  hasRoom(serverNowMs: number | null, waiting = 0): boolean {
    const open = [...this.#state.tasks.values()].filter((task) => task.outcome === null).length;
    const needed = (open + 2 * (waiting + 1)) * RECORD_BYTES_MAX;
    if (CAPACITY_BYTES - this.#length >= needed) return true;
    return this.#compact(serverNowMs) && CAPACITY_BYTES - this.#length >= needed;
  }

  /** Durable on return: from here on the step counts as run. */
  started(record: Omit<StartedRecord, 'kind'>): void {
    this.#append({ kind: 'started', ...record });
  }

  ended(task: { taskId: string; attempt: number }, outcome: TaskOutcome): void {
    if (!this.#state.tasks.has(taskKey(task))) return;
    this.#append({ kind: 'ended', taskId: task.taskId, attempt: task.attempt, outcome });
  }

  /** The server has it. Losing this record only means that the outcome is sent once more, so it is not synced. */
  saved(task: { taskId: string; attempt: number }): void {
    if (!this.#state.tasks.delete(taskKey(task))) return;
    const line = encodeRecord({ kind: 'saved', taskId: task.taskId, attempt: task.attempt });
    if (this.#length + line.length <= CAPACITY_BYTES) this.#write(line);
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
    this.#length += writeSync(this.#descriptor, line, this.#length);
  }

  /** Keeps what is unacknowledged and the unexpired ledger. False when the disk has no room for the new file. */
  #compact(serverNowMs: number | null): boolean {
    const { tasks, ledger, serverTimeMs } = this.#state;
    for (const [key, entry] of ledger) {
      if (serverNowMs !== null && entry.expiresAtMs < serverNowMs) ledger.delete(key);
    }
    const records: JournalRecord[] = serverTimeMs === null ? [] : [{ kind: 'time', serverTimeMs }];
    for (const { expiresAtMs, ...entry } of ledger.values())
      records.push({ kind: 'ran', ...entry, expiresAt: toTimestamp(expiresAtMs) });
    for (const { started, outcome } of tasks.values()) {
      const { taskId, attempt } = started;
      records.push(started);
      if (outcome !== null) records.push({ kind: 'ended', taskId, attempt, outcome });
    }
    const text = records.map(encodeRecord).join('');
    if (!tryWriteAllocated(this.#path, text)) return false;
    closeSync(this.#descriptor);
    this.#descriptor = openSync(this.#path, constants.O_RDWR);
    this.#length = Buffer.byteLength(text);
    return true;
  }
}

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
  const unfinished = `${path}.new`;
  const descriptor = openSync(unfinished, 'w', 0o600);
  try {
    const bytes = Buffer.alloc(CAPACITY_BYTES);
    bytes.write(text);
    writeSync(descriptor, bytes);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(unfinished, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function tryWriteAllocated(path: string, text: string): boolean {
  if (Buffer.byteLength(text) > CAPACITY_BYTES) return false;
  try {
    writeAllocated(path, text);
    return true;
  } catch (cause) {
    if (isDiskFull(cause)) return false;
    throw cause;
  }
}
