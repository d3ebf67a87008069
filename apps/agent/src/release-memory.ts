import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Clock, SECOND_MS } from '@pilothouse/base';

/** Long enough for a burst to have passed, and for its buffers to be nobody's. */
const QUIET_MS = 10 * SECOND_MS;
/** A collection costs some 40 ms: more often it would be a visible share of a core on a host that is never quiet. */
const PAUSE_MS = 30 * SECOND_MS;

/**
 * Gives memory back after a burst. A task, a new session or a list of facts leaves some MiB of garbage that V8 would keep for
 * a long time in a process that then does next to nothing. An ordinary full collection is not enough: it keeps the pages that
 * it emptied, for the next burst, and the code of every function that ever ran, for the next time. The one that V8 does as
 * a last resort, before it would give up for want of memory, gives both back to the host.
 */
export function createMemoryRelease(clock: Clock, collect = lastResort()): () => void {
  let isComing = false;
  let doneAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (isComing) return;
    isComing = true;
    const waitMs = Math.max(QUIET_MS, doneAtMs + PAUSE_MS - clock.monotonic());
    clock.after(waitMs, () => {
      isComing = false;
      doneAtMs = clock.monotonic();
      collect();
    });
  };
}

/**
 * To be called first. Without it V8 makes machine code of every function that runs a few times, which was a megabyte after
 * some tasks, and made nothing faster: what is really hot is compiled by its other compilers as ever.
 */
export const keepCodeSmall = (): void => setFlagsFromString('--no-sparkplug');

function lastResort(): () => void {
  setFlagsFromString('--expose-gc');
  // V8 ages code by collections of its own accord alone, of which an idle process has none: without this no code is ever old.
  setFlagsFromString('--stress-flush-code');
  // The function exists only in contexts made after the flag was set.
  const collect: unknown = runInNewContext('gc');
  return () => {
    if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  };
}
