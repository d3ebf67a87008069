import { closeSync, openSync, readSync } from 'node:fs';

/** The files of a heartbeat have a few hundred bytes; a table of mounts grows to this on a host of many containers. */
const TEXT_BYTES_MAX = 256 * 1024;
const FIRST_BYTES = 4096;

/**
 * Reads files that the kernel makes as they are read. Six of them every ten seconds for months: one buffer serves them all,
 * and grows when a file fills it. Null for what is not there.
 */
export function createKernelReader(): (path: string) => string | null {
  let buffer = Buffer.alloc(FIRST_BYTES);
  return (path) => {
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch {
      // This kernel does not show it.
      return null;
    }
    try {
      let sizeBytes = 0;
      for (;;) {
        const readBytes = readSync(file, buffer, sizeBytes, buffer.length - sizeBytes, null);
        sizeBytes += readBytes;
        if (readBytes === 0 || sizeBytes >= TEXT_BYTES_MAX) return buffer.toString('utf8', 0, sizeBytes);
        if (sizeBytes === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(buffer.length)]);
      }
    } catch {
      // A kernel without pressure accounting opens its files and refuses to read them.
      return null;
    } finally {
      closeSync(file);
    }
  };
}
