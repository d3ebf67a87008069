import type { IdSource } from '@pilothouse/base';
import { type MigrationSet, openSqliteStore } from '@pilothouse/store';
import { openTestStore } from '@pilothouse/store/test-store';
import { type FakeClock, fakeClock } from '@pilothouse/testkit/fake-clock';
import type { EventsService, NewEvent } from './events/service.ts';
import type { KernelContext } from './kernel-context.ts';
import { silentLog } from './log.ts';

/** For tests of one room: a real store with its tables, a clock that obeys, ids that repeat from run to run. */
export async function openTestContext(
  migrations: readonly MigrationSet[],
  path?: string,
): Promise<KernelContext & { readonly clock: FakeClock }> {
  const store = path === undefined ? await openTestStore() : await openSqliteStore({ path });
  await store.migrate(migrations);
  const clock = fakeClock();
  return { clock, ids: countingIds(clock), store, log: silentLog };
}

/** Ids that differ and repeat from run to run. */
export function countingIds(clock: { now(): number }): IdSource {
  let count = 0;
  return {
    now: () => clock.now(),
    fill(target) {
      count += 1;
      for (let i = target.length - 1, rest = count; i >= 0; i--, rest = Math.floor(rest / 32))
        target[i] = rest % 32;
      return target;
    },
  };
}

/** An events room that puts what was published into `events` once its transaction has committed. */
export const recordingEvents = (events: NewEvent[]): EventsService => ({
  publish: async (transaction, published) => transaction.afterCommit(() => events.push(...published)),
  after: async () => [],
  latestCursor: async () => 0,
  subscribe: () => () => {},
});
