/**
 * The check of a store file that is too large to be read through before every start.
 *
 * Problem: reading a file of several gigabytes takes longer than anybody may wait for a start, above all for a process that
 * takes over from one that died; unread, damage in its middle is found only when somebody needs that page.
 *
 * Rule: a thread of its own reads every page while the store is in use. When it finds damage, the store takes no transaction
 * any more, so that nothing is written over what may still be saved, and everybody who asks is told STORE_CORRUPT.
 *
 * Limits: what was written in the seconds before is in the write-ahead log or in the file; the file was damaged before them.
 */
import { Worker } from 'node:worker_threads';
import { type AppError, isAppError } from '@pilothouse/contract';
import { SqliteThread, WORKER_FILE } from './thread.ts';
import type { WorkerOptions } from './worker-protocol.ts';

export interface CheckBeside {
  /** Not before the check is over; null when nothing is wrong, or when it was stopped. */
  readonly damage: Promise<AppError | null>;
  stop(): void;
}

export function checkBeside(path: string): CheckBeside {
  const options: WorkerOptions = { path, role: 'reader', isDurable: true, isChecked: true };
  const worker = new Worker(WORKER_FILE, { workerData: options, name: 'store-check' });
  worker.unref();
  const damage = SqliteThread.over(worker, path, () => undefined).then(
    async (thread) => {
      await thread.close();
      return null;
    },
    (error: unknown) => (isAppError(error) && error.code === 'STORE_CORRUPT' ? error : null),
  );
  return {
    damage,
    // What it reads just now it reads to the end; nobody waits for that.
    stop: () => void worker.terminate(),
  };
}
