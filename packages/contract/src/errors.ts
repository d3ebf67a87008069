import type { Message } from './message.ts';

/** What a client may do with the same request: never again, later as it is, or after something was changed. */
export type Retry = 'never' | 'later' | 'after-change';

/** One row of an error table. `title` says what is wrong, `hint` what to do next; both may use `{details}`. */
export interface ErrorSpec {
  readonly status: number;
  readonly title: Message;
  readonly hint: Message;
  readonly retry: Retry;
}

export type ErrorTable = Readonly<Record<string, ErrorSpec>>;

export const defineErrors = <T extends ErrorTable>(table: T): T => table;

export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * A refused or impossible request. `code` is a key of an error table and never changes its meaning; `details` fill the
 * table's texts and travel to the client, so they hold no secret; the cause goes to the log alone.
 */
export class AppError extends Error {
  readonly code: string;
  readonly details: ErrorDetails;

  constructor(code: string, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(`${code} ${JSON.stringify(details)}`, options);
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }
}

export const isAppError = (value: unknown): value is AppError => value instanceof AppError;
