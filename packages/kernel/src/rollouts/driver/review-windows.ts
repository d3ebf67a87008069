import type { Batch } from './batch.ts';
import { type DriverCore, judgeDepsOf, wakeHeld } from './driver-core.ts';
import { isClosedNow } from './judge-claim.ts';

/**
 * People have changed windows or freezes: what was closed is asked again, and what waits on hosts that are closed now is
 * asked back. It has its turn again when they open.
 */
export function reviewWindows(core: DriverCore, batch: Batch): void {
  wakeHeld(core, batch, 'closed');
  wakeHeld(core, batch, 'brief');
  const deps = judgeDepsOf(core);
  for (const rollout of core.active.values()) {
    if (rollout.state.counts.offered === 0) continue;
    for (const { index, phase } of rollout.state.tasks)
      if (phase === 'offered' && isClosedNow(deps, rollout, index))
        batch.feed(rollout, { kind: 'stop', index, endRunning: false, cause: CLOSED });
  }
}

const CLOSED = { code: 'TASK_STOPPED', details: {} };
