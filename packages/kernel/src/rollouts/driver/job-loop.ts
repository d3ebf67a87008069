/**
 * The driver's one loop: inputs in, one commit, frames out.
 *
 * Problem: thousands of hosts answer at once, each answer must be durable before the host is told so, nothing may be sent
 * that is not durable, and a commit costs a disk flush.
 *
 * Rule: jobs stand in one bounded queue. The loop takes all that are there (at most JOBS_PER_BATCH), applies them in
 * order to the state in memory, commits everything they changed in one transaction, and only then sends frames and
 * answers callers. While it commits, new jobs gather: the slower the disk, the larger the batches.
 *
 * The state is the outbox. What has to be sent (an offer that was not accepted, a withdrawal or cancel not answered)
 * follows from the committed tasks; when a host opens a session its journal is compared with them and whatever it
 * missed is sent again. So a crash between commit and send loses nothing, and agents drop what they have already.
 *
 * When a commit fails, memory is ahead of the disk: everything is read back from the store, callers are refused, and the
 * hosts whose answers were in the batch are asked to come back, upon which they repeat them. What was read back asks to be
 * saved again at once; where that fails, too, the loop pauses, or a full disk would be all that the server works on.
 */
import { BoundedQueue } from '@pilothouse/base';
import { AppError, type HostId } from '@pilothouse/contract';
import { isRefusal } from '../../is-refusal.ts';
import type { Log } from '../../log.ts';
import type { Batch } from './batch.ts';

/** Bounds how much one commit holds. */
const JOBS_PER_BATCH = 2000;
/** Jobs between two looks at the sockets: some 10 ms. What they changed is committed together all the same. */
const JOBS_PER_TURN = 250;
/** 10,000 hosts with a handful of words each. Beyond it sessions are cut and repeat themselves later. */
const QUEUE_MAX = 100_000;
/** Bytes of output that jobs in the queue may hold. */
const QUEUE_BYTES_MAX = 128 * 1024 * 1024;
/** A store that failed is asked again after this time. */
const RETRY_MS = 1000;

export interface Job {
  /** Changes state by way of the batch. An AppError refuses this job alone. */
  readonly apply: (batch: Batch) => void | Promise<void>;
  /** After the commit, or with the reason why there was none. */
  readonly done?: (error: unknown) => void;
  /** Whose word this is: asked to repeat itself when it could not be saved. */
  readonly hostId?: HostId;
  readonly bytes?: number;
}

export interface JobLoopDeps {
  readonly log: Log;
  readonly newBatch: () => Batch;
  readonly commit: (batch: Batch) => Promise<void>;
  readonly send: (batch: Batch) => Promise<void>;
  readonly reload: () => Promise<void>;
  readonly askToRepeat: (hostId: HostId) => void;
  readonly wait: (delayMs: number) => Promise<void>;
}

export interface JobLoop {
  /** False when the queue is full. */
  add(job: Job): boolean;
  /** The same for a caller who waits: resolves when its change is durable, ROLLOUTS_BUSY when the queue is full. */
  run(apply: Job['apply']): Promise<void>;
  /** Resolves when all that was added so far is done, or waits for the store to be asked again. */
  idle(): Promise<void>;
  close(): Promise<void>;
  /** Jobs that wait for their batch. */
  readonly waitingCount: number;
}

/** Jobs in their order, bounded in number and in bytes. */
function createJobQueue() {
  const queue = new BoundedQueue<Job>(QUEUE_MAX);
  let queuedBytes = 0;
  let askedCount = 0;
  return {
    get length() {
      return queue.length;
    },
    /** Those whose callers wait. */
    get askedCount() {
      return askedCount;
    },
    push(job: Job): boolean {
      const bytes = job.bytes ?? 0;
      if (queuedBytes + bytes > QUEUE_BYTES_MAX || !queue.push(job)) return false;
      queuedBytes += bytes;
      if (job.done !== undefined) askedCount += 1;
      return true;
    },
    takeBatch(): Job[] {
      const jobs: Job[] = [];
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
        jobs.push(job);
        queuedBytes -= job.bytes ?? 0;
        if (job.done !== undefined) askedCount -= 1;
        if (jobs.length >= JOBS_PER_BATCH) break;
      }
      return jobs;
    },
  };
}

export function createJobLoop(deps: JobLoopDeps): JobLoop {
  const queue = createJobQueue();
  let running: Promise<void> | null = null;
  let isClosed = false;
  let wasSaved = true;
  let isPausing = false;

  const drain = async (): Promise<void> => {
    // Lets everything that arrives in the same turn of the event loop into the same commit.
    await Promise.resolve();
    while (isDue()) {
      const isSaved = await runBatch(deps, queue.takeBatch());
      if (isSaved) isPausing = false;
      else if (!wasSaved && !isPausing) pause();
      wasSaved = isSaved;
    }
  };
  // In a pause callers are served all the same: only the store can tell them what comes of it.
  const isDue = (): boolean => queue.length > 0 && !isClosed && (!isPausing || queue.askedCount > 0);
  const start = (): void => {
    if (!isDue()) return;
    running ??= drain().finally(() => {
      running = null;
      start();
    });
  };
  const pause = (): void => {
    isPausing = true;
    void deps.wait(RETRY_MS).then(() => {
      isPausing = false;
      start();
    });
  };
  const loop: JobLoop = {
    get waitingCount() {
      return queue.length;
    },
    add(job) {
      if (isClosed || !queue.push(job)) return false;
      start();
      return true;
    },
    run: (apply) =>
      new Promise((resolve, reject) => {
        const done = (error: unknown): void => (error === null ? resolve() : reject(error));
        if (!loop.add({ apply, done })) reject(new AppError('ROLLOUTS_BUSY'));
      }),
    async idle() {
      while (running !== null) await running;
    },
    async close() {
      isClosed = true;
      await running;
      for (let jobs = queue.takeBatch(); jobs.length > 0; jobs = queue.takeBatch())
        for (const job of jobs) job.done?.(new AppError('NOT_READY', { reason: 'stopping' }));
    },
  };
  return loop;
}

/** False: nothing of it was saved, and memory is what the store has. */
async function runBatch(deps: JobLoopDeps, jobs: readonly Job[]): Promise<boolean> {
  const batch = deps.newBatch();
  const unanswered = new Set(jobs);
  try {
    for (const [at, job] of jobs.entries()) {
      if (at > 0 && at % JOBS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      if (!(await isApplied(batch, job))) unanswered.delete(job);
    }
    await deps.commit(batch);
  } catch (error) {
    deps.log.error('rollout batch not saved; reading back', { jobs: jobs.length, error });
    for (const job of unanswered) job.done?.(error);
    await reloadUntilItWorks(deps);
    for (const hostId of new Set(jobs.flatMap((job) => job.hostId ?? []))) deps.askToRepeat(hostId);
    return false;
  }
  for (const run of batch.afterCommit) run();
  for (const job of unanswered) job.done?.(null);
  await deps.send(batch);
  return true;
}

/** False: it was refused, and its caller knows. A store that failed it fails the batch, or a host's word would be lost. */
async function isApplied(batch: Batch, job: Job): Promise<boolean> {
  try {
    await job.apply(batch);
    return true;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    job.done?.(error);
    return false;
  }
}

async function reloadUntilItWorks(deps: JobLoopDeps): Promise<void> {
  for (;;) {
    try {
      await deps.reload();
      return;
    } catch (error) {
      deps.log.error('rollouts not read back; trying again', { error });
      await deps.wait(RETRY_MS);
    }
  }
}
