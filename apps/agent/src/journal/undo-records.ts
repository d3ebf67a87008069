/**
 * What a rollback restores from, kept on the host that was changed.
 *
 * Problem: undoing must work long after the task, through crashes of the agent in the middle of recording and of undoing,
 * and must never guess: a host without sound records is left as it is.
 *
 * Rule: one log a plan, named by the plan's digest. A line is written and synced (and the directory with it, for a new
 * file) before the change that it describes; `restored` is written after a record was restored. So a crash while undoing
 * restores one record a second time at most, which actions must bear, and a second rollback finds nothing left to do.
 * A step says `begun` before its first action: with it, no records means that nothing was changed.
 *
 * Limits: bytes a record, a plan and all plans, number of plans, and age. What is dropped are the oldest logs of plans
 * that have expired and have no task open here; the log of an active plan is never dropped, rather is a change refused.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { DAY_MS, errorCode } from '@pilothouse/base';
import { AppError, type JsonObject, toTimestamp } from '@pilothouse/contract';
import { writeWhole } from '../write-whole.ts';
import { encodeUndoLine, readUndoLog, type UndoBook, type UndoLine } from './undo-log.ts';

export interface UndoLimits {
  /** A managed file with its content fits; a disk image does not. */
  readonly recordBytesMax: number;
  /** Read into memory as a whole when it is undone. */
  readonly planBytesMax: number;
  readonly bytesMax: number;
  readonly plansMax: number;
  readonly ageMsMax: number;
}

export const UNDO_LIMITS: UndoLimits = {
  recordBytesMax: 8 * 1024 * 1024,
  planBytesMax: 32 * 1024 * 1024,
  bytesMax: 256 * 1024 * 1024,
  plansMax: 2000,
  ageMsMax: 90 * DAY_MS,
};

interface Place {
  readonly planDigest: string;
  readonly stepIndex: number;
  readonly attempt: number;
}

export interface UndoRecords {
  /** A step with actions that record starts. Durable on return. AppError UNDO_STORE_FULL or UNDO_RECORD_MISSING. */
  begin(step: Place & { readonly planExpiresAt: string }): void;
  /** Durable on return. AppError UNDO_RECORD_TOO_LARGE or UNDO_STORE_FULL, before anything is written. */
  record(
    entry: Place & { readonly actionIndex: number; readonly action: string; readonly record: JsonObject },
  ): void;
  /** Null when nothing is kept of this plan. */
  of(planDigest: string): UndoBook | null;
  restored(planDigest: string, sequence: number): void;
  /** The plans that something is kept of. */
  planDigests(): readonly string[];
  /** Disk that all logs take. */
  usage(): { readonly plans: number; readonly bytes: number };
}

export interface UndoRecordsOptions {
  readonly directory: string;
  readonly now: () => number;
  /** Whether a task of this plan is open on this host. */
  readonly isOpen: (planDigest: string) => boolean;
  readonly limits?: UndoLimits;
}

interface LogFile {
  readonly planDigest: string;
  readonly bytes: number;
  readonly changedAtMs: number;
}

const SUFFIX = '.undo';
/** The first line, which says when the plan expires, is shorter. */
const HEAD_BYTES = 1024;

export function openUndoRecords(options: UndoRecordsOptions): UndoRecords {
  const { directory, now, limits = UNDO_LIMITS } = options;
  const pathOf = (planDigest: string): string => logOf(directory, planDigest);

  function append(planDigest: string, line: UndoLine, length: number): void {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = openSync(pathOf(planDigest), constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      ftruncateSync(file, length);
      writeWhole(file, encodeUndoLine(line), length);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (length === 0) syncDirectory(directory);
  }

  function of(planDigest: string): UndoBook | null {
    const bytes = readIfThere(pathOf(planDigest));
    return bytes === null ? null : readUndoLog(bytes);
  }

  return {
    begin({ planDigest, stepIndex, attempt, planExpiresAt }) {
      const book = of(planDigest);
      if (book?.begun.some((each) => each.stepIndex === stepIndex && each.attempt === attempt)) return;
      if (book !== null && !book.isSound) throw damaged();
      makeRoom(planDigest, HEAD_BYTES, options);
      append(planDigest, { kind: 'begun', stepIndex, attempt, planExpiresAt }, book?.length ?? 0);
    },
    record({ planDigest, ...entry }) {
      const book = of(planDigest);
      if (book === null || !book.isSound) throw damaged();
      const sequence = book.records.length + 1;
      const line = { kind: 'record' as const, sequence, at: toTimestamp(now()), ...entry };
      const sizeBytes = Buffer.byteLength(encodeUndoLine(line));
      const limitBytes = Math.min(limits.recordBytesMax, limits.planBytesMax - book.length);
      if (sizeBytes > limitBytes)
        throw new AppError('UNDO_RECORD_TOO_LARGE', { action: entry.action, sizeBytes, limitBytes });
      makeRoom(planDigest, sizeBytes, options);
      append(planDigest, line, book.length);
    },
    of,
    restored(planDigest, sequence) {
      const book = of(planDigest);
      if (book !== null)
        append(planDigest, { kind: 'restored', sequence, at: toTimestamp(now()) }, book.length);
    },
    planDigests: () => filesIn(directory).map(({ planDigest }) => planDigest),
    usage() {
      const known = filesIn(directory);
      return { plans: known.length, bytes: known.reduce((sum, each) => sum + each.bytes, 0) };
    },
  };
}

const logOf = (directory: string, planDigest: string): string => join(directory, `${planDigest}${SUFFIX}`);

function filesIn(directory: string): LogFile[] {
  return namesIn(directory).flatMap((name) => {
    const stat = statSync(join(directory, name), { throwIfNoEntry: false });
    if (!name.endsWith(SUFFIX) || stat === undefined) return [];
    return [
      {
        planDigest: name.slice(0, -SUFFIX.length),
        bytes: stat.size,
        changedAtMs: Math.round(stat.mtimeMs),
      },
    ];
  });
}

function isActive(planDigest: string, { directory, isOpen, now }: UndoRecordsOptions): boolean {
  const { expiresAtMs } = readUndoLog(headOf(logOf(directory, planDigest)));
  return isOpen(planDigest) || (expiresAtMs !== null && expiresAtMs > now());
}

/** Drops the oldest logs that nobody needs until the limits hold with `wantedBytes` more in a log for `planDigest`. */
function makeRoom(planDigest: string, wantedBytes: number, options: UndoRecordsOptions): void {
  const { directory, now, limits = UNDO_LIMITS } = options;
  const known = filesIn(directory);
  let bytes = known.reduce((sum, each) => sum + each.bytes, wantedBytes);
  let plans = known.length + (known.some((each) => each.planDigest === planDigest) ? 0 : 1);
  for (const file of known.sort((a, b) => a.changedAtMs - b.changedAtMs)) {
    const isOld = now() - file.changedAtMs > limits.ageMsMax;
    if (!isOld && bytes <= limits.bytesMax && plans <= limits.plansMax) break;
    if (file.planDigest === planDigest || isActive(file.planDigest, options)) continue;
    rmSync(logOf(directory, file.planDigest), { force: true });
    bytes -= file.bytes;
    plans -= 1;
  }
  if (bytes > limits.bytesMax || plans > limits.plansMax)
    throw new AppError('UNDO_STORE_FULL', { sizeBytes: bytes - wantedBytes, limitBytes: limits.bytesMax });
}

/** For looking: nothing is recorded, so nothing needs to be kept from being dropped. */
export const recordsIn = (directory: string): UndoRecords =>
  openUndoRecords({ directory, now: () => 0, isOpen: () => true });

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return [];
    throw cause;
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

/** The first line of a log. */
function headOf(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const bytes = head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
    return bytes.subarray(0, bytes.indexOf(10) + 1);
  } finally {
    closeSync(file);
  }
}

const damaged = (): AppError =>
  new AppError('UNDO_RECORD_MISSING', {
    reason: { en: 'the log is damaged', zh: '记录已损坏' },
  });

function syncDirectory(directory: string): void {
  const folder = openSync(directory, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
