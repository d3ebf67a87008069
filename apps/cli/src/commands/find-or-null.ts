import { ProblemError } from '@pilothouse/client';

/** What a read gives; null where the server says that there is no such thing. */
export async function findOrNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}
