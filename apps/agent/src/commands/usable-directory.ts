import { errorCode } from '@pilothouse/base';
import { AppError } from '@pilothouse/contract';
import { type DataDirectory, openDataDirectory } from '../data-directory.ts';

/** Opens the data directory, and says for a person why it cannot. */
export function usableDirectory(path: string): DataDirectory {
  try {
    return openDataDirectory(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

export const unusable = (path: string, cause: unknown): AppError => {
  const reason = errorCode(cause) ?? String(cause);
  return new AppError('AGENT_DIRECTORY_UNUSABLE', { path, reason }, { cause });
};
