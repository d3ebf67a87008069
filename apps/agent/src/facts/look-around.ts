import { createHash } from 'node:crypto';
import type { FactWatch, WatchAccess } from '@pilothouse/agent-kit';
import type { Clock } from '@pilothouse/base';
import type { AgentLog } from '../log.ts';

export interface LookAroundOptions {
  readonly watches: readonly FactWatch[];
  readonly host: WatchAccess;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** Called with the fact that is another one than at the last look. */
  readonly changed: (fact: string) => void;
}

/** Takes the looks of plugins, each at its interval, the first at once. A look that fails says nothing. */
export function lookAround({ watches, host, clock, log, changed }: LookAroundOptions): () => void {
  const stops = watches.map((watch) => {
    let seen: string | null = null;
    let isLooking = false;
    async function look(): Promise<void> {
      const text = await watch.look(host);
      const now = text === null ? null : createHash('sha256').update(text).digest('base64');
      if (seen !== null && now !== null && now !== seen) changed(watch.fact);
      seen = now ?? seen;
    }
    const safely = (): void => {
      if (isLooking) return;
      isLooking = true;
      look()
        .catch((cause: unknown) => log.warn('a look failed', { fact: watch.fact, cause: String(cause) }))
        .finally(() => {
          isLooking = false;
        });
    };
    safely();
    return clock.every(watch.intervalMs, safely);
  });
  return () => {
    for (const stop of stops) stop();
  };
}
