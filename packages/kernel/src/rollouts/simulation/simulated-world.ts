import type { HostId } from '@pilothouse/contract';
import { openInlineStore } from '@pilothouse/store/inline';
import type { HostEntry } from '../../hosts/service.ts';
import { silentLog } from '../../log.ts';
import { countingIds } from '../../open-test-context.ts';
import { plansMigrations } from '../../plans/index.ts';
import { rolloutsMigrations } from '../migrations.ts';
import { entryOf, testHostId } from '../open-test-rollouts.ts';
import { noteEnded, noteOffered, noteStarted, type Observed } from './invariants.ts';
import { createRandom, type Random } from './random.ts';
import { offeredActions, type SimulatedServer, startServer } from './simulated-server.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
import { createVirtualDisk, type VirtualDisk } from './virtual-disk.ts';
import { crash, type HostWorld, newHost, type VirtualHost } from './virtual-host.ts';
import { createVirtualNet, type VirtualNet } from './virtual-net.ts';
import {
  virtualAuthority,
  virtualCalendar,
  virtualJudge,
  virtualLedger,
  virtualNotifications,
} from './virtual-rules.ts';

/** Everything that a rollout meets: a server that may die, hosts that may vanish, people, rules, time and a disk. */
export interface World {
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly hosts: Map<HostId, VirtualHost>;
  readonly index: Map<HostId, HostEntry>;
  readonly net: VirtualNet;
  readonly hostWorld: HostWorld;
  readonly calendar: ReturnType<typeof virtualCalendar>;
  readonly ledger: ReturnType<typeof virtualLedger>;
  readonly judge: ReturnType<typeof virtualJudge>;
  readonly authority: ReturnType<typeof virtualAuthority>;
  readonly observed: Observed;
  readonly rackCap: number;
  readonly server: SimulatedServer;
  disk: VirtualDisk;
  /** kill -9, and a new server over what is on disk. */
  restart(isLastSaved: boolean): Promise<void>;
  changeHost(hostId: HostId, change: Partial<HostEntry> | null): void;
  close(): Promise<void>;
}

const START = Date.UTC(2026, 0, 1);

export async function openWorld(seed: number, hostsCount: number): Promise<World> {
  const random = createRandom(seed);
  const clock = createVirtualClock(START);
  const store = openInlineStore();
  await store.migrate([plansMigrations, rolloutsMigrations]);
  const { hosts, index } = populate(random, hostsCount);
  const rackCap = 1 + random.int(3);
  const rules = {
    calendar: virtualCalendar(() => clock.now()),
    ledger: virtualLedger(
      () => rackCap,
      (hostId) => index.get(hostId)?.labels['rack'] ?? '',
    ),
    judge: virtualJudge(random),
    authority: virtualAuthority(),
  };
  const observed = nothingObserved();
  const net = createVirtualNet({
    random,
    hosts,
    actions: offeredActions,
    offered: (host, taskId) => watched(observed, () => noteOffered(world, host, taskId)),
    presence(host, isOnline) {
      world.changeHost(host.id, { isOnline });
      if (isOnline) rules.ledger.heard(host.id);
    },
  });
  const boot = bootOver({ clock, index, gateway: net.gateway, rules });
  let server: SimulatedServer | null = null;
  const world: World = {
    random,
    clock,
    hosts,
    index,
    net,
    ...rules,
    observed,
    rackCap,
    disk: createVirtualDisk(store),
    hostWorld: {
      now: () => clock.now(),
      started: (host, entry) => watched(observed, () => noteStarted(world, host, entry)),
      ended: (_host, entry) => noteEnded(world, entry),
    },
    get server() {
      if (server === null) throw new Error('no server is up');
      return server;
    },
    async restart(isLastSaved) {
      world.disk.pullOut(isLastSaved);
      await turn();
      net.forgetServer();
      clock.forgetTimers();
      rules.ledger.restart();
      rules.judge.restart();
      world.disk = createVirtualDisk(store);
      server = await boot(world.disk);
      await turn();
    },
    changeHost: (hostId, change) => changeHost({ index, server }, hostId, change),
    async close() {
      world.disk.pullOut(false);
      await store.close();
    },
  };
  server = await boot(world.disk);
  for (const host of hosts.values()) net.connect(host);
  await turn();
  return world;
}

function changeHost(
  { index, server }: Pick<World, 'index'> & { readonly server: SimulatedServer | null },
  hostId: HostId,
  change: Partial<HostEntry> | null,
): void {
  const before = index.get(hostId);
  if (before === undefined) return;
  const after = change === null ? null : { ...before, ...change };
  if (after === null) index.delete(hostId);
  else index.set(hostId, after);
  server?.hostChanged({ before, after });
}

function populate(random: Random, hostsCount: number) {
  const racks = 1 + random.int(3);
  const hosts = new Map<HostId, VirtualHost>();
  const index = new Map<HostId, HostEntry>();
  for (let n = 0; n < hostsCount; n++) {
    const id = testHostId(n);
    index.set(id, { ...entryOf(id, `web-${n}`), labels: { rack: `r${n % racks}` } });
    hosts.set(id, newHost(id, random.isLikely(0.2) ? 'fail' : 'succeed'));
  }
  return { hosts, index };
}

type WorldRules = Pick<World, 'calendar' | 'ledger' | 'judge' | 'authority'>;

/** How servers of this world come up, one after the other, each over its own view of the disk. */
function bootOver({
  clock,
  index,
  gateway,
  rules,
}: Pick<World, 'clock' | 'index'> & { gateway: VirtualNet['gateway']; rules: WorldRules }) {
  const ids = countingIds(clock);
  const rooms = {
    budgets: rules.ledger.budgets,
    calendar: rules.calendar.calendar,
    gates: rules.judge.gates,
    authority: rules.authority.authority,
    notifications: virtualNotifications(),
  };
  return (disk: VirtualDisk): Promise<SimulatedServer> =>
    startServer({ clock, ids, store: disk.store, log: silentLog }, { index, gateway, rules: rooms });
}

const nothingObserved = (): Observed => ({
  starts: new Map(),
  executing: new Map(),
  failures: new Map(),
  rollouts: new Set(),
  ends: new Map(),
  soaks: new Map(),
  broken: [],
});

/** What is thrown into the driver would be its trouble and not the world's: it is kept until the move is over. */
function watched(observed: Observed, check: () => void): void {
  try {
    check();
  } catch (error) {
    observed.broken.push(error);
  }
}

/** Everything that follows from what has happened is done when this returns: nothing in a world waits for real time. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function crashHost(world: World, host: VirtualHost): void {
  world.net.disconnect(host);
  crash(world.hostWorld, host);
}
