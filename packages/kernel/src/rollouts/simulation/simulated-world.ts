import type { HostId } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import { migratedImage, openInlineStore } from '@pilothouse/store/inline';
import { budgetsMigrations } from '../../budgets/index.ts';
import { calendarMigrations } from '../../calendar/index.ts';
import type { HostEntry } from '../../hosts/service.ts';
import { silentLog } from '../../log.ts';
import { countingIds } from '../../open-test-context.ts';
import { plansMigrations } from '../../plans/index.ts';
import { rolloutsMigrations } from '../migrations.ts';
import { entryOf, testHostId } from '../open-test-rollouts.ts';
import { type BudgetTruth, createBudgetTruth, type WorldBudget } from './budget-truth.ts';
import type { AskedRule } from './calendar-truth.ts';
import { createGateTruth, type GateTruth } from './gate-truth.ts';
import { noteEnded, noteOffered, noteStarted, type Observed } from './invariants.ts';
import { createRandom, type Random } from './random.ts';
import type { RulesWatch } from './simulated-rules.ts';
import { offeredActions, type SimulatedServer, type Surroundings, startServer } from './simulated-server.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
import { createVirtualDisk, type VirtualDisk } from './virtual-disk.ts';
import { crash, createPayloadReader, type HostWorld, newHost, type VirtualHost } from './virtual-host.ts';
import { createVirtualNet, type VirtualNet } from './virtual-net.ts';
import { virtualAuthority, virtualNotifications } from './virtual-people.ts';
import { createVirtualPrometheus, type VirtualPrometheus } from './virtual-prometheus.ts';
import { anyBudgets, putBudgets } from './world-budgets.ts';

/** Everything that a rollout meets: a server that may die, hosts that may vanish, people, rules, time and a disk. */
export interface World {
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly hosts: Map<HostId, VirtualHost>;
  readonly index: Map<HostId, HostEntry>;
  readonly net: VirtualNet;
  readonly hostWorld: HostWorld;
  readonly prometheus: VirtualPrometheus;
  readonly authority: ReturnType<typeof virtualAuthority>;
  readonly observed: Observed;
  readonly budgets: Map<string, WorldBudget>;
  /** Windows and freezes that people have asked for. */
  readonly rules: AskedRule[];
  /** What is true of hosts, beside what the server holds of them. */
  readonly truth: { readonly budgets: BudgetTruth; readonly gates: GateTruth };
  /** Hosts that a probe has called down at some time. */
  readonly marked: Set<HostId>;
  readonly server: SimulatedServer;
  readonly disk: VirtualDisk;
  /** kill -9, and a new server over what is on disk. */
  restart(isLastSaved: boolean): Promise<void>;
  changeHost(hostId: HostId, change: Partial<HostEntry> | null): void;
  close(): Promise<void>;
}

/** Ordinary days, and evenings before clocks change in Europe and America. */
const STARTS = [
  '2026-01-01T00:00',
  '2026-03-07T23:00',
  '2026-03-28T20:00',
  '2026-10-24T20:00',
  '2026-07-01T05:00',
];

/** A disk that has never been used, for worlds to begin with. */
export const emptyDisk = (): Promise<Uint8Array> =>
  migratedImage([plansMigrations, rolloutsMigrations, budgetsMigrations, calendarMigrations]);

export async function openWorld(seed: number, hostsCount: number, image: Uint8Array): Promise<World> {
  const random = createRandom(seed);
  const clock = createVirtualClock(Date.parse(`${random.pick(STARTS)}Z`));
  const store = openInlineStore(image);
  const { hosts, index } = populate(random, hostsCount);
  const budgets = anyBudgets(random, hostsCount);
  await putBudgets(store, budgets.values());
  const prometheus = createVirtualPrometheus(random);
  const truth = {
    budgets: createBudgetTruth({ budgets, index, monotonic: () => clock.monotonic() }),
    gates: createGateTruth(
      prometheus,
      (hostId) => index.has(hostId),
      () => clock.now(),
    ),
  };
  const observed = nothingObserved();
  const marked = new Set<HostId>();
  const authority = virtualAuthority();
  const net = createVirtualNet({
    random,
    hosts,
    actions: offeredActions,
    offered: (host, taskId) => watched(observed, () => noteOffered(world, host, taskId)),
    beat: (host, load) => truth.gates.heard(host.id, load, clock.now()),
    presence(host, isOnline) {
      truth.budgets.presence(host.id, isOnline);
      world.changeHost(host.id, { isOnline });
    },
  });
  const surroundings: Surroundings = {
    index,
    gateway: net.gateway,
    authority: authority.authority,
    notifications: virtualNotifications(),
    prometheus,
    watch: watchOver({ truth, observed, marked }),
  };
  const machine = createMachine({ clock, store, surroundings });
  const parts = { random, clock, hosts, index, net, prometheus, authority, observed, budgets, truth, marked };
  const world = joinWorld(parts, machine);
  await machine.boot();
  for (const host of hosts.values()) net.connect(host);
  await turn();
  return world;
}

/** The machine of the server: what is on its disk outlives every server that runs on it. */
interface Machine {
  readonly server: SimulatedServer | null;
  readonly disk: VirtualDisk;
  boot(): Promise<void>;
  close(): Promise<void>;
}

function createMachine(of: {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly surroundings: Surroundings;
}): Machine {
  const { clock, store, surroundings } = of;
  const ids = countingIds(clock);
  let server: SimulatedServer | null = null;
  let disk = createVirtualDisk(store);
  return {
    get server() {
      return server;
    },
    get disk() {
      return disk;
    },
    async boot() {
      disk = createVirtualDisk(store);
      server = await startServer({ clock, ids, store: disk.store, log: silentLog }, surroundings);
    },
    async close() {
      disk.pullOut(false);
      await store.close();
    },
  };
}

type WorldParts = Omit<World, 'rules' | 'hostWorld' | 'server' | 'disk' | 'restart' | 'changeHost' | 'close'>;

function joinWorld(parts: WorldParts, machine: Machine): World {
  const { random, clock, net, prometheus, truth, observed } = parts;
  const world: World = {
    ...parts,
    rules: [],
    hostWorld: {
      random,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      readPayload: createPayloadReader(),
      started: (host, entry) => watched(observed, () => noteStarted(world, host, entry)),
      ended: (_host, entry) => noteEnded(world, entry),
    },
    get server() {
      if (machine.server === null) throw new Error('no server is up');
      return machine.server;
    },
    get disk() {
      return machine.disk;
    },
    async restart(isLastSaved) {
      machine.disk.pullOut(isLastSaved);
      await turn();
      net.forgetServer();
      clock.forgetTimers();
      prometheus.forget();
      truth.gates.forgetAll();
      await machine.boot();
      await turn();
    },
    changeHost: (hostId, change) => changeHost({ ...parts, server: machine.server }, hostId, change),
    close: () => machine.close(),
  };
  return world;
}

const watchOver = ({
  truth,
  observed,
  marked,
}: Pick<World, 'truth' | 'observed' | 'marked'>): RulesWatch => ({
  granted: (hostId) => watched(observed, () => truth.budgets.granted(hostId)),
  marked: (hostId, isFailing) => isFailing && marked.add(hostId),
  judged: (...answer) => watched(observed, () => truth.gates.judged(...answer)),
});

function changeHost(
  { index, server, truth }: Pick<World, 'index' | 'truth'> & { readonly server: SimulatedServer | null },
  hostId: HostId,
  change: Partial<HostEntry> | null,
): void {
  const before = index.get(hostId);
  if (before === undefined) return;
  const after = change === null ? null : { ...before, ...change };
  if (after === null) index.delete(hostId);
  else index.set(hostId, after);
  truth.budgets.changed();
  if (after === null) truth.gates.forget(hostId);
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

const nothingObserved = (): Observed => ({
  starts: new Map(),
  failures: new Map(),
  offeredUnder: new Map(),
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
