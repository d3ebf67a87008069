import { errorCode } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { DatabaseError } from 'pg';
import { StatementError } from '../statement-error.ts';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CONSTRAINTS: ReadonlyMap<string, StatementError['kind']> = new Map([
  ['23505', 'unique'],
  ['23503', 'foreign-key'],
  ['23502', 'not-null'],
  ['23514', 'check'],
]);
const DISK_FULL = '53100';
const INSUFFICIENT_PRIVILEGE = '42501';
/** A standby, or a primary that was made one: a server that takes writes is elsewhere, or will be here soon. */
const READ_ONLY = '25006';
/** data_corrupted, index_corrupted */
const DAMAGE = new Set(['XX001', 'XX002']);
/** The server ends sessions, has crashed, is not up yet, or dropped the database under us. */
const GOING = new Set(['57P01', '57P02', '57P03', '57P04', '57P05']);

/** Where the database is, for people: never the password. */
export type Place = string;

/** True when the connection, not the statement, is what failed. */
export function isConnectionLost(error: unknown): boolean {
  // Our own parser of values refused one; the connection is fine.
  if (error instanceof RangeError) return false;
  // The library's own words for a socket that closed, or the system's: EPIPE looks like a code of SQL and is none.
  if (!(error instanceof DatabaseError)) return true;
  const code = error.code ?? '';
  return code.startsWith('08') || GOING.has(code);
}

/** Why a statement, or a commit, was not carried out. */
export function statementFailure(place: Place, text: string, error: Error): Error {
  const code = errorCode(error) ?? '';
  if (code === DISK_FULL) return new AppError('STORE_FULL', {}, { cause: error });
  if (code === READ_ONLY && /recovery/.test(error.message)) return away(place, error);
  if (code === INSUFFICIENT_PRIVILEGE)
    return new AppError('STORE_DENIED', { place, problem: error.message }, { cause: error });
  if (DAMAGE.has(code))
    return new AppError('STORE_CORRUPT', { path: place, problem: error.message }, { cause: error });
  return new StatementError(CONSTRAINTS.get(code) ?? 'other', { sql: text, cause: error });
}

export const away = (place: Place, cause?: unknown): AppError =>
  new AppError('STORE_AWAY', { place }, cause === undefined ? {} : { cause });

/** Why the database could not be opened at all. */
export function openFailure(place: Place, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const problem = error instanceof Error ? reasonOf(error) : String(error);
  return new AppError('STORE_UNREACHABLE', { place, problem }, { cause: error });
}

function reasonOf(error: Error): string {
  // Several addresses of one name were tried.
  if (error instanceof AggregateError)
    return [...new Set(error.errors.map((each) => String(errorCode(each) ?? each)))].join(', ');
  return error.message;
}
