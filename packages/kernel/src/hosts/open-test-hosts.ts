import type { TestContext } from 'node:test';
import { openSqliteStore, type Store } from '@pilothouse/store';
import { type FakeClock, fakeClock } from '@pilothouse/testkit/fake-clock';
import type { EventsService, NewEvent } from '../events/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { silentLog } from '../log.ts';
import { createHosts, type HostsRoom } from './create-hosts.ts';
import { hostsMigrations } from './migrations.ts';
import type { NewHost } from './service.ts';

/** For tests of this room and of those that read hosts: a registry over a real store, with a clock that obeys. */
export interface TestHosts extends HostsRoom {
  readonly context: KernelContext;
  readonly clock: FakeClock;
  readonly store: Store;
  /** Events whose transaction committed. */
  readonly events: NewEvent[];
  readonly eventsService: EventsService;
  readonly add: (host?: Partial<NewHost>) => Promise<string>;
  /** The same store, as a server that starts again sees it. */
  readonly reopen: () => Promise<HostsRoom>;
}

/** Ids that differ and repeat from run to run. */
function countingIds(now: () => number) {
  let count = 0;
  return {
    now,
    fill(target: Uint8Array) {
      count += 1;
      let rest = count;
      for (let i = target.length - 1; i >= 0; i--) {
        target[i] = rest % 32;
        rest = Math.floor(rest / 32);
      }
      return target;
    },
  };
}

function recordingEvents(events: NewEvent[]): EventsService {
  return {
    async publish(transaction, published) {
      transaction.afterCommit(() => events.push(...published));
    },
    after: async () => [],
    latestCursor: async () => 0,
    subscribe: () => () => {},
  };
}

export async function openTestHosts(
  t: TestContext,
  factBody: (digest: string) => unknown = () => null,
): Promise<TestHosts> {
  const store = await openSqliteStore({ path: ':memory:' });
  t.after(() => store.close());
  await store.migrate([hostsMigrations]);
  const clock = fakeClock();
  const context = { clock, ids: countingIds(() => clock.now()), store, log: silentLog };
  const events: NewEvent[] = [];
  const eventsService = recordingEvents(events);
  const open = () =>
    createHosts(context, { events: eventsService, factBody, resolveFindings: async () => {} });
  const room = await open();
  return {
    ...room,
    context,
    clock,
    store,
    events,
    eventsService,
    add: (host = {}) =>
      store.transaction((transaction) =>
        room.hosts.add(transaction, {
          name: 'web-1',
          labels: {},
          groups: [],
          state: 'active',
          machineId: 'm',
          arch: 'x86_64',
          agentVersion: '0.1.0',
          ...host,
        }),
      ),
    reopen: open,
  };
}
