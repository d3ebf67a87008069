import { AppError } from '@pilothouse/contract';
import { StatementError } from '../statement-error.ts';
import type { WorkerFailure } from './worker-protocol.ts';

/** https://www.sqlite.org/rescode.html; the low byte is the primary code. */
const FULL = 13;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const UNIQUE = 2067;
const PRIMARY_KEY = 1555;
const ROW_ID = 2579;
const FOREIGN_KEY = 787;
const NOT_NULL = 1299;
const CHECK = 275;

const CONSTRAINTS: ReadonlyMap<number, StatementError['kind']> = new Map([
  [UNIQUE, 'unique'],
  [PRIMARY_KEY, 'unique'],
  [ROW_ID, 'unique'],
  [FOREIGN_KEY, 'foreign-key'],
  [NOT_NULL, 'not-null'],
  [CHECK, 'check'],
]);

/** Why the file could not be opened. */
export function openFailure(path: string, failure: WorkerFailure): AppError {
  const cause = new Error(failure.message);
  const details = { path, problem: failure.message };
  return new AppError(isDamage(failure) ? 'STORE_CORRUPT' : 'STORE_UNREADABLE', details, { cause });
}

/** Why a statement, or a commit, was not carried out. */
export function statementFailure(path: string, sql: string, failure: WorkerFailure): Error {
  const cause = new Error(failure.message);
  const primaryCode = (failure.resultCode ?? 0) & 0xff;
  if (primaryCode === FULL) return new AppError('STORE_FULL', {}, { cause });
  if (isDamage(failure)) {
    return new AppError('STORE_CORRUPT', { path, problem: failure.message }, { cause });
  }
  return new StatementError(CONSTRAINTS.get(failure.resultCode ?? 0) ?? 'other', { sql, cause });
}

function isDamage(failure: WorkerFailure): boolean {
  const primaryCode = (failure.resultCode ?? 0) & 0xff;
  return primaryCode === CORRUPT || primaryCode === NOT_A_DATABASE;
}
