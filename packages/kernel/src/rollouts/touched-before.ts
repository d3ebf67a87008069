import type { HostId } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import { readEndedTasks } from './result-store.ts';
import { readRollout } from './rollout-store.ts';

/** Retries of retries that are looked back on; whoever tried more often compares with hosts that may have been touched. */
const ATTEMPTS_MAX = 32;
const ROWS_PER_READ = 2000;

/**
 * Hosts that a rollout, or one that it was a retry of, may have changed: their task began, or nobody knows. They are no fair
 * control for whoever compares touched with untouched hosts.
 */
export async function touchedBefore(store: Store, rolloutId: string | null): Promise<ReadonlySet<HostId>> {
  const touched = new Set<HostId>();
  let id = rolloutId;
  for (let attempt = 0; attempt < ATTEMPTS_MAX && id !== null; attempt++) {
    await addTouched(store, id, touched);
    id = (await readRollout(store, id))?.fixed.retryOf ?? null;
  }
  return touched;
}

async function addTouched(store: Store, rolloutId: string, touched: Set<HostId>): Promise<void> {
  for (let fromIndex = 0; ; ) {
    const query = { rolloutId, fromIndex, state: null, hostId: null, limit: ROWS_PER_READ };
    const rows = await readEndedTasks(store, query);
    for (const { hostId, state, body } of rows)
      if (body.startedAt !== null || state === 'unknown') touched.add(hostId);
    if (rows.length < ROWS_PER_READ) return;
    fromIndex = (rows.at(-1)?.index ?? 0) + 1;
  }
}
