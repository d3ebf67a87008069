import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives memory back after a burst. Reading a package database leaves tens of MiB of garbage that V8 would keep for a long
 * time in a process that then does next to nothing; one full collection (some 10 ms) returns it to the host.
 */
export function createMemoryRelease(): () => void {
  setFlagsFromString('--expose-gc');
  // The function exists only in contexts made after the flag was set.
  const collect: unknown = runInNewContext('gc');
  return () => {
    if (typeof collect === 'function') collect();
  };
}
