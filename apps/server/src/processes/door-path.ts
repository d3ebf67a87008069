import { join, resolve } from 'node:path';
import { AppError } from '@pilothouse/contract';

/** What the kernel takes for the address of a Unix socket, less the byte that ends it. */
const SOCKET_PATH_BYTES_MAX = 107;

interface DoorPath {
  readonly path: string;
  readonly bytes: number;
  readonly limit: number;
}

/** Where fronts find the leader: in the data directory, which nobody else may enter. */
export function measureDoorPath(dataDirectory: string): DoorPath {
  const path = join(resolve(dataDirectory), 'leader.sock');
  return { path, bytes: Buffer.byteLength(path), limit: SOCKET_PATH_BYTES_MAX };
}

/** AppError DATA_PATH_TOO_LONG. */
export function doorPath(dataDirectory: string): string {
  const { path, bytes, limit } = measureDoorPath(dataDirectory);
  if (bytes > limit) throw new AppError('DATA_PATH_TOO_LONG', { path, bytes, limit });
  return path;
}
