import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Clock, SECOND_MS } from '@pilothouse/base';

/** Long enough for a burst to have passed, and for its buffers to be nobody's. */
const QUIET_MS = 10 * SECOND_MS;

/**
 * Gives memory back after a burst. A task, a new session or a list of facts leaves some MiB of garbage that V8 would keep for
 * a long time in a process that then does next to nothing; one full collection (some 10 ms) returns it to the host.
 * Called again within QUIET_MS it does nothing more, so a busy agent collects at most every ten seconds.
 */
export function createMemoryRelease(clock: Clock): () => void {
  setFlagsFromString('--expose-gc');
  // The function exists only in contexts made after the flag was set.
  const collect: unknown = runInNewContext('gc');
  let isComing = false;
  return () => {
    if (isComing || typeof collect !== 'function') return;
    isComing = true;
    clock.after(QUIET_MS, () => {
      isComing = false;
      collect();
    });
  };
}
