import type { StatementResult } from '../statement.ts';

/** What the store's own thread and its database threads say to each other. Both sides are one program, so nothing is parsed. */

export interface WorkerOptions {
  readonly path: string;
  /** reader: a connection that cannot write. both: the two in one thread, where starting fast counts more than load. */
  readonly role: 'writer' | 'reader' | 'both';
  /** False only for stores that nobody wants to find again after a crash. */
  readonly isDurable: boolean;
  /** Read every page before the first use. */
  readonly isChecked: boolean;
}

export type WorkerRequest =
  | {
      readonly kind: 'run';
      readonly id: number;
      /** Serial number of the transaction it belongs to; null reads what is committed. */
      readonly transaction: number | null;
      readonly sql: string;
      readonly parameters: readonly unknown[];
    }
  | { readonly kind: 'commit' | 'rollback'; readonly id: number; readonly transaction: number }
  | { readonly kind: 'close'; readonly id: number };

export interface WorkerFailure {
  readonly message: string;
  /** SQLite's extended result code, or null when it was not SQLite that failed. */
  readonly resultCode: number | null;
}

export type WorkerResult = StatementResult;

export type WorkerReply =
  | { readonly id: number; readonly result: WorkerResult }
  | { readonly id: number; readonly failure: WorkerFailure };

/** The first message of a worker, before any reply. */
export type WorkerGreeting =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly failure: WorkerFailure };
