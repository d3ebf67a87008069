/**
 * The output of one task on disk, as it comes, so that a killed agent still has what was printed. Both streams share one
 * cap; what comes after it is counted. A disk that takes nothing cuts the output like the cap does: a task never fails for want of
 * room for its words.
 */
import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { OutputBody } from '@pilothouse/contract';
import { readIfThere, removeIfPossible } from '../data-directory.ts';
import { isUnwritable } from '../unwritable.ts';

type Stream = 'stdout' | 'stderr';

export class OutputCapture {
  readonly #directory: string;
  readonly #bytesMax: number;
  /** Null: it could not be opened, or is closed. */
  #descriptors: Readonly<Record<Stream, number | null>>;
  #captured = 0;
  #cutBytes = 0;

  /** `isContinued`: behind what an earlier process of the agent captured. */
  constructor(directory: string, bytesMax: number, isContinued = false) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const flags = isContinued ? 'a' : 'w';
    this.#descriptors = {
      stdout: tryOpen(join(directory, 'stdout'), flags),
      stderr: tryOpen(join(directory, 'stderr'), flags),
    };
    for (const descriptor of Object.values(this.#descriptors))
      if (descriptor !== null) this.#captured += fstatSync(descriptor).size;
  }

  /** Returns the part that was kept, for the live view. */
  add(stream: Stream, piece: Buffer): Buffer {
    const kept = piece.subarray(0, Math.max(0, this.#bytesMax - this.#captured));
    const written = tryWrite(this.#descriptors[stream], kept);
    this.#captured += written;
    this.#cutBytes += piece.length - written;
    return kept.subarray(0, written);
  }

  /** What is said from now on is dropped: its file's number may soon be that of another file. */
  close(): void {
    for (const descriptor of Object.values(this.#descriptors)) if (descriptor !== null) closeSync(descriptor);
    this.#descriptors = { stdout: null, stderr: null };
  }

  body(): OutputBody {
    return { ...readCaptured(this.#directory), cutBytes: this.#cutBytes };
  }
}

/** What an earlier process of the agent captured before it ended. */
export function readCaptured(directory: string): OutputBody {
  return {
    stdout: readIfThere(join(directory, 'stdout')) ?? '',
    stderr: readIfThere(join(directory, 'stderr')) ?? '',
    cutBytes: 0,
  };
}

export const removeCaptured = removeIfPossible;

function tryOpen(path: string, flags: 'a' | 'w'): number | null {
  try {
    return openSync(path, flags, 0o600);
  } catch (cause) {
    if (isUnwritable(cause)) return null;
    throw cause;
  }
}

function tryWrite(descriptor: number | null, bytes: Buffer): number {
  if (descriptor === null || bytes.length === 0) return 0;
  try {
    return writeSync(descriptor, bytes);
  } catch (cause) {
    if (isUnwritable(cause)) return 0;
    throw cause;
  }
}
