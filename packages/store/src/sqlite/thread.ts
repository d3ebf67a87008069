import { Worker } from 'node:worker_threads';
import { AppError } from '@pilothouse/contract';
import { openFailure, statementFailure } from './failure.ts';
import type {
  WorkerGreeting,
  WorkerOptions,
  WorkerReply,
  WorkerRequest,
  WorkerResult,
} from './worker-protocol.ts';

/** Ten thousand agents with a few statements each; more than that is not a burst but a database that cannot keep up. */
const REQUESTS_WAITING_MAX = 50_000;
/** One message carries what was asked for in one turn of the event loop, but no more than this, so that answers flow. */
const REQUESTS_PER_MESSAGE_MAX = 500;

export const WORKER_FILE = new URL('./worker.ts', import.meta.url);

type WithoutId<Request> = Request extends unknown ? Omit<Request, 'id'> : never;

interface Waiting {
  readonly sql: string;
  readonly resolve: (result: WorkerResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * This side of a database thread. Requests of one turn of the event loop travel in one message, at its end: to wake the other
 * thread costs more than most statements, and no answer is read before the next turn anyway. If the thread dies, every
 * waiting and every later request is refused with STORE_STOPPED and `onDeath` hears why: never a silent hang.
 */
export class SqliteThread {
  readonly #worker: Worker;
  readonly #path: string;
  readonly #onDeath: (cause: Error) => void;
  readonly #waiting = new Map<number, Waiting>();
  #unsent: WorkerRequest[] = [];
  #nextId = 1;
  #state: 'open' | 'closing' | 'dead' = 'open';

  private constructor(worker: Worker, path: string, onDeath: (cause: Error) => void) {
    this.#worker = worker;
    this.#path = path;
    this.#onDeath = onDeath;
  }

  static open(options: WorkerOptions, onDeath: (cause: Error) => void): Promise<SqliteThread> {
    const worker = new Worker(WORKER_FILE, { workerData: options, name: `store-${options.role}` });
    return SqliteThread.over(worker, options.path, onDeath);
  }

  /** Takes over a thread that was just started. */
  static async over(worker: Worker, path: string, onDeath: (cause: Error) => void): Promise<SqliteThread> {
    const greeting = await greetingOf(worker);
    if (greeting.kind === 'refused') {
      await worker.terminate();
      throw openFailure(path, greeting.failure);
    }
    const thread = new SqliteThread(worker, path, onDeath);
    worker.on('message', (replies: readonly WorkerReply[]) => thread.#settle(replies));
    worker.on('error', (error) => thread.#die(error));
    worker.on('exit', (code) => thread.#die(new Error(`the database thread ended with code ${code}`)));
    // An idle store does not keep the process alive; one that is being asked does.
    worker.unref();
    return thread;
  }

  request(request: WithoutId<WorkerRequest>): Promise<WorkerResult> {
    if (this.#state !== 'open') return Promise.reject(new AppError('STORE_STOPPED'));
    if (this.#waiting.size >= REQUESTS_WAITING_MAX) return Promise.reject(new AppError('STORE_OVERLOADED'));
    return this.#ask(request);
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    await this.#ask({ kind: 'close' });
    await this.#worker.terminate();
  }

  #ask(request: WithoutId<WorkerRequest>): Promise<WorkerResult> {
    const id = this.#nextId;
    this.#nextId += 1;
    if (this.#unsent.length === 0) setImmediate(() => this.#flush());
    this.#unsent.push({ ...request, id });
    if (this.#waiting.size === 0) this.#worker.ref();
    const sql = request.kind === 'run' ? request.sql : request.kind;
    return new Promise((resolve, reject) => this.#waiting.set(id, { sql, resolve, reject }));
  }

  #flush(): void {
    const requests = this.#unsent;
    this.#unsent = [];
    for (let start = 0; start < requests.length; start += REQUESTS_PER_MESSAGE_MAX) {
      this.#send(requests.slice(start, start + REQUESTS_PER_MESSAGE_MAX));
    }
  }

  #send(requests: readonly WorkerRequest[]): void {
    try {
      this.#worker.postMessage(requests);
    } catch (error) {
      // A parameter that cannot be copied to a thread, such as a function: the requests with it were not carried out.
      const message = error instanceof Error ? error.message : String(error);
      this.#settle(requests.map(({ id }) => ({ id, failure: { message, resultCode: null } })));
    }
  }

  #settle(replies: readonly WorkerReply[]): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.id);
      if (waiting === undefined) continue;
      this.#waiting.delete(reply.id);
      if ('result' in reply) waiting.resolve(reply.result);
      else waiting.reject(statementFailure(this.#path, waiting.sql, reply.failure));
    }
    if (this.#waiting.size === 0) this.#worker.unref();
  }

  #die(cause: Error): void {
    const isExpected = this.#state === 'closing';
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new AppError('STORE_STOPPED', {}, { cause }));
    if (!isExpected) this.#onDeath(cause);
  }
}

function greetingOf(worker: Worker): Promise<WorkerGreeting> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    // Only our own listener is taken off again: the thread's inner ones carry its messages.
    worker.once('message', (greeting: WorkerGreeting) => {
      worker.off('error', reject);
      resolve(greeting);
    });
  });
}
