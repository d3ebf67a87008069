/**
 * A database thread: SQLite is synchronous and every durable commit waits for the disk, so it must not run where sessions
 * are served. It performs requests strictly in the order they came and answers every one, failures included.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteConnection } from './connection.ts';
import type {
  WorkerFailure,
  WorkerGreeting,
  WorkerOptions,
  WorkerReply,
  WorkerRequest,
  WorkerResult,
} from './worker-protocol.ts';

function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error('this file is the body of a worker thread');
  let perform: Perform;
  try {
    // The thread is started with these options by SqliteThread alone.
    perform = openConnections(workerData as WorkerOptions);
  } catch (error) {
    port.postMessage({ kind: 'refused', failure: failureOf(error) } satisfies WorkerGreeting);
    return;
  }
  port.on('message', (requests: readonly WorkerRequest[]) => {
    port.postMessage(requests.map((request) => answer(perform, request)));
    if (requests.at(-1)?.kind === 'close') port.close();
  });
  port.postMessage({ kind: 'opened' } satisfies WorkerGreeting);
}

type Perform = (request: WorkerRequest) => WorkerResult;

function openConnections(options: WorkerOptions): Perform {
  const { role } = options;
  if (role !== 'both') {
    const connection = new SqliteConnection({ ...options, role });
    return (request) => connection.perform(request);
  }
  const writer = new SqliteConnection({ ...options, role: 'writer' });
  const reader = new SqliteConnection({ ...options, role: 'reader', isChecked: false });
  return (request) => {
    if (request.kind === 'run' && request.transaction === null) return reader.perform(request);
    if (request.kind === 'close') reader.perform(request);
    return writer.perform(request);
  };
}

function answer(perform: Perform, request: WorkerRequest): WorkerReply {
  try {
    return { id: request.id, result: perform(request) };
  } catch (error) {
    return { id: request.id, failure: failureOf(error) };
  }
}

function failureOf(error: unknown): WorkerFailure {
  if (!(error instanceof Error)) return { message: String(error), resultCode: null };
  const resultCode = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null;
  return { message: error.message, resultCode };
}

serve();
