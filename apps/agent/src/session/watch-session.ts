import type { Clock } from '@pilothouse/base';
import type { ServerTime } from '../tasks/server-time.ts';
import type { SessionWatch } from '../tasks/step-run.ts';
import { wait } from '../tasks/wait.ts';
import type { SessionLink } from './session-link.ts';

/** The server signs the time right after its welcome; a host is not held up when it does not. */
const SIGNED_TIME_WAIT_MS = 10_000;

/** The session as tasks in a stage look at it. */
export const watchSession = (link: SessionLink, serverTime: ServerTime, clock: Clock): SessionWatch => ({
  drop() {
    link.drop();
    return link.openedCount;
  },
  async openedAfter(count, signal) {
    await link.openedAfter(count, signal);
    await Promise.race([serverTime.heard(), wait(clock, SIGNED_TIME_WAIT_MS, signal)]);
  },
});
