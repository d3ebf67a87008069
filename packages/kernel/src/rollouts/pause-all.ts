import { SYSTEM } from './driver/batch.ts';
import type { Driver } from './driver/create-driver.ts';
import { refusalOf } from './engine/index.ts';

/** Pauses every rollout that goes on or would begin by itself, in one commit; gives their ids. One that rolls back goes on. */
export async function pauseAll(driver: Driver, reason: string): Promise<string[]> {
  const paused: string[] = [];
  await driver.loop.run((batch) => {
    const by = { actor: SYSTEM, requestId: null };
    for (const active of driver.active.values()) {
      if (refusalOf(active.state, 'pause') !== null) continue;
      const action = 'rollout.pause-asked';
      batch.audits.push({ ...by, action, subject: active.id, details: { kind: 'pause', reason } });
      batch.feed(active, { kind: 'pause', reason, by: SYSTEM.name }, by);
      paused.push(active.id);
    }
  });
  return paused;
}
