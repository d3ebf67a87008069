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
  server: SimulatedServer;
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
  const racks = 1 + random.int(3);
  const ids = Array.from({ length: hostsCount }, (_, n) => testHostId(n));
  const index = new Map<HostId, HostEntry>(
    ids.map((id, n) => [id, { ...entryOf(id, `web-${n}`), labels: { rack: `r${n % racks}` } }]),
  );
  const hosts = new Map<HostId, VirtualHost>();
  for (const id of ids) hosts.set(id, newHost(id, random.isLikely(0.2) ? 'fail' : 'succeed'));
  const rackOf = (hostId: HostId): string => index.get(hostId)?.labels['rack'] ?? '';
  const rackCap = 1 + random.int(3);
  const ledger = virtualLedger(() => rackCap, rackOf);
  const calendar = virtualCalendar(() => clock.now());
  const judge = virtualJudge(random);
  const authority = virtualAuthority();
  const observed: Observed = {
    starts: new Map(),
    executing: new Map(),
    failures: new Map(),
    rollouts: new Set(),
    ends: new Map(),
    soaks: new Map(),
    broken: [],
  };
  // What is thrown into the driver would be its trouble and not the world's: it is kept until the move is over.
  const watched = (check: () => void): void => {
    try {
      check();
    } catch (error) {
      observed.broken.push(error);
    }
  };
  const net = createVirtualNet({
    random,
    hosts,
    actions: offeredActions,
    offered: (host, taskId) => watched(() => noteOffered(world, host, taskId)),
    presence(host, isOnline) {
      world.changeHost(host.id, { isOnline });
      if (isOnline) ledger.heard(host.id);
    },
  });
  const rules = {
    budgets: ledger.budgets,
    calendar: calendar.calendar,
    gates: judge.gates,
    authority: authority.authority,
    notifications: virtualNotifications(),
  };
  const boot = (disk: VirtualDisk): Promise<SimulatedServer> =>
    startServer(
      { clock, ids: idSource, store: disk.store, log: silentLog },
      { index, gateway: net.gateway, rules },
    );
  const idSource = countingIds(clock);
  const disk = createVirtualDisk(store);
  let server: SimulatedServer | null = null;
  const world: World = {
    random,
    clock,
    hosts,
    index,
    net,
    hostWorld: {
      now: () => clock.now(),
      started: (host, entry) => watched(() => noteStarted(world, host, entry)),
      ended: (_host, entry) => noteEnded(world, entry),
    },
    calendar,
    ledger,
    judge,
    authority,
    observed,
    rackCap,
    get server() {
      if (server === null) throw new Error('no server is up');
      return server;
    },
    set server(next) {
      server = next;
    },
    disk,
    async restart(isLastSaved) {
      world.disk.pullOut(isLastSaved);
      await turn();
      net.forgetServer();
      clock.forgetTimers();
      ledger.restart();
      judge.restart();
      world.disk = createVirtualDisk(store);
      world.server = await boot(world.disk);
      await turn();
    },
    changeHost(hostId, change) {
      const before = index.get(hostId);
      if (before === undefined) return;
      const after = change === null ? null : { ...before, ...change };
      if (after === null) index.delete(hostId);
      else index.set(hostId, after);
      server?.hostChanged({ before, after });
    },
    async close() {
      world.disk.pullOut(false);
      await store.close();
    },
  };
  world.server = await boot(disk);
  for (const host of hosts.values()) net.connect(host);
  await turn();
  return world;
}

/** Everything that follows from what has happened is done when this returns: nothing in a world waits for real time. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function crashHost(world: World, host: VirtualHost): void {
  world.net.disconnect(host);
  crash(world.hostWorld, host);
}
