import { errorCode } from '@pilothouse/base';

/** How much of a statement an error shows: enough to find it in the code. Values are bound and never part of the text. */
const SQL_SHOWN_CHARS_MAX = 300;

/** A statement that the database refused. Its transaction is lost with it. */
export class StatementError extends Error {
  readonly kind: 'unique' | 'foreign-key' | 'not-null' | 'check' | 'other';

  /** True when only what was prepared of it is out of date: asked anew it is carried out. */
  get isPlanStale(): boolean {
    // feature_not_supported, which a statement of ours otherwise never is.
    return errorCode(this.cause) === '0A000';
  }

  constructor(kind: StatementError['kind'], about: { sql: string; cause: Error }) {
    super(`${about.cause.message}, in: ${about.sql.slice(0, SQL_SHOWN_CHARS_MAX)}`, { cause: about.cause });
    this.name = 'StatementError';
    this.kind = kind;
  }
}

/** True when a row with the same key was already there. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof StatementError && error.kind === 'unique';
