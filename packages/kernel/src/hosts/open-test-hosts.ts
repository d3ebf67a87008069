import type { TestContext } from 'node:test';
import type { Store } from '@pilothouse/store';
import type { FakeClock } from '@pilothouse/testkit/fake-clock';
import type { EventsService, NewEvent } from '../events/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { openTestContext, recordingEvents } from '../open-test-context.ts';
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
  /** Hosts and kinds (null: all) whose findings people ended. */
  readonly resolved: [string, string | null][];
  readonly eventsService: EventsService;
  readonly add: (host?: Partial<NewHost>) => Promise<string>;
  /** The same store, as a server that starts again sees it. */
  readonly reopen: () => Promise<HostsRoom>;
}

export async function openTestHosts(
  t: TestContext,
  factBody: (digest: string) => unknown = () => null,
): Promise<TestHosts> {
  const context = await openTestContext([hostsMigrations]);
  const { store, clock } = context;
  t.after(() => store.close());
  const events: NewEvent[] = [];
  const resolved: [string, string | null][] = [];
  const eventsService = recordingEvents(events);
  const open = () =>
    createHosts(context, {
      events: eventsService,
      factBody,
      resolveFindings: async (_transaction, id, kind) => void resolved.push([id, kind]),
    });
  const room = await open();
  return {
    ...room,
    context,
    clock,
    store,
    events,
    resolved,
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
