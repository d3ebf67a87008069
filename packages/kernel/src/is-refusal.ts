import { AppError } from '@pilothouse/contract';

/**
 * Whether a failure says nothing about what was asked: a store that is full or away, a queue that is full, a fault. Whoever
 * works by himself asks again, and ends nothing over it. Of a store that went away nobody knows what it still took in.
 */
export const isOfTheMoment = (error: unknown): boolean =>
  !(error instanceof AppError) || error.code.startsWith('STORE_') || error.code === 'ROLLOUTS_BUSY';
