import { type AppError, isAppError } from '@pilothouse/contract';

/**
 * Whether a failure says something about what was asked. A store that is full or away, a full queue and a fault do not: whoever
 * works by himself asks again, and ends nothing over it. Of a store that went away nobody knows what it still took in.
 */
export const isRefusal = (error: unknown): error is AppError =>
  isAppError(error) && !error.code.startsWith('STORE_') && error.code !== 'ROLLOUTS_BUSY';
