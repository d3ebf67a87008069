import type { Clock } from '@pilothouse/base';
import type { SessionWatch } from '../tasks/step-run.ts';
import type { SessionLink } from './session-link.ts';

/** The session as tasks in a stage look at it. */
export const watchSession = (link: SessionLink, clock: Clock): SessionWatch => ({
  drop() {
    link.drop();
    return link.openedCount;
  },
  openedAfter: (count, signal) => link.openedAfter(count, signal),
  serverNowMs() {
    const { welcome } = link;
    return welcome === null ? null : welcome.serverMs + clock.monotonic() - welcome.monotonicMs;
  },
});
