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
} from './worker-protocol.ts';

function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error('this file is the body of a worker thread');
  let connection: SqliteConnection;
  try {
    // The thread is started with these options by SqliteThread alone.
    connection = new SqliteConnection(workerData as WorkerOptions);
  } catch (error) {
    port.postMessage({ kind: 'refused', failure: failureOf(error) } satisfies WorkerGreeting);
    return;
  }
  port.on('message', (requests: readonly WorkerRequest[]) => {
    port.postMessage(requests.map((request) => answer(connection, request)));
    if (requests.at(-1)?.kind === 'close') port.close();
  });
  port.postMessage({ kind: 'opened' } satisfies WorkerGreeting);
}

function answer(connection: SqliteConnection, request: WorkerRequest): WorkerReply {
  try {
    return { id: request.id, result: connection.perform(request) };
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
