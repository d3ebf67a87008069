import { join, resolve } from 'node:path';
import { AppError } from '@pilothouse/contract';

/** What the kernel takes for the address of a Unix socket, less the byte that ends it. */
const SOCKET_PATH_BYTES_MAX = 107;

/** Where fronts find the leader: in the data directory, which nobody else may enter. AppError DATA_PATH_TOO_LONG. */
export function doorPath(dataDirectory: string): string {
  const path = join(resolve(dataDirectory), 'leader.sock');
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_BYTES_MAX)
    throw new AppError('DATA_PATH_TOO_LONG', { path, bytes, limit: SOCKET_PATH_BYTES_MAX });
  return path;
}
