import { writeSync } from 'node:fs';

/**
 * Writes all of it, or throws. A disk that is filling up takes a part of what it is given and says so by a number alone; the
 * next attempt then says ENOSPC. Gives the bytes written.
 */
export function writeWhole(file: number, data: string | Uint8Array, position = 0): number {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  let written = 0;
  while (written < bytes.length)
    written += writeSync(file, bytes, written, bytes.length - written, position + written);
  return written;
}
