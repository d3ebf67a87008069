/**
 * A world in which the real driver, the real store and the real wire meet: bytes of agents go through HTTP, WebSocket, codec
 * and session into the engine, and from its commits through SQLite to a disk that can be pulled out in the middle of a write.
 * Hosts, network, disk, clock and people do what the seed says.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@pilothouse/base';
import { actionSchemaDigest, type HostId, kernelActions } from '@pilothouse/contract';
import { type FaultyStore, openFaultyStore } from '@pilothouse/store/faulty';
import { migratedImage } from '@pilothouse/store/inline';
import { auditMigrations } from '../../audit/index.ts';
import type { SessionListener } from '../../gateway/service.ts';
import { hostsMigrations } from '../../hosts/index.ts';
import type { Log } from '../../log.ts';
import { countingIds } from '../../open-test-context.ts';
import { plansMigrations } from '../../plans/index.ts';
import { rolloutsMigrations } from '../migrations.ts';
import { changeAction, testAction, testHostId } from '../open-test-rollouts.ts';
import { createRandom, type Random } from '../simulation/random.ts';
import { createVirtualClock, type VirtualClock } from '../simulation/virtual-clock.ts';
import { crash, type HostWorld, newHost, read, type VirtualHost } from '../simulation/virtual-host.ts';
import { createWireNet, type WireNet } from './wire-net.ts';
import { startWireServer, type WireServer } from './wire-server.ts';
import { type Known, noteEnded, noteStarted, nothingKnown } from './wire-truth.ts';

export interface WireWorld {
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly hosts: ReadonlyMap<HostId, VirtualHost>;
  readonly hostWorld: HostWorld;
  readonly net: WireNet;
  readonly known: Known;
  readonly server: WireServer;
  readonly disk: FaultyStore;
  /** kill -9 or a power cut, whichever came, and a new server over what is on the disk. */
  restart(): Promise<void>;
  /** The server ends as it does when it is asked to, and another one starts. */
  replace(): Promise<void>;
  close(): Promise<void>;
}

/** A disk that has never been used, for worlds to begin with. */
export const emptyWireDisk = (): Promise<Uint8Array> =>
  migratedImage([hostsMigrations, auditMigrations, plansMigrations, rolloutsMigrations]);

export async function openWireWorld(seed: number, hostsCount: number, image: Uint8Array): Promise<WireWorld> {
  const random = createRandom(seed);
  const clock = createVirtualClock(START_MS);
  const directory = mkdtempSync(join(SCRATCH, 'pilothouse-wire-'));
  const known = nothingKnown();
  const hosts = new Map(
    Array.from({ length: hostsCount }, (_, n) => testHostId(n)).map((id) => [
      id,
      newHost(id, random.isLikely(0.2) ? 'fail' : 'succeed'),
    ]),
  );
  const net = createWireNet({
    random,
    hosts,
    actions: offered,
    broken: (problem) => known.broken.push(problem),
  });
  const lastWordsCame = (): void => {
    for (const host of hosts.values())
      while (host.inbox.onTheWay.length > 0 && random.isLikely(0.8)) read(world.hostWorld, host);
  };
  const path = join(directory, 'store.db');
  const machine = createMachine({ path, random, clock, known, net, lastWordsCame });
  await machine.boot(image);
  const world: WireWorld = {
    random,
    clock,
    hosts,
    net,
    known,
    hostWorld: {
      random,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      started: (_host, entry) => noteStarted(known, entry),
      ended: (_host, entry) => noteEnded(known, entry),
    },
    get server() {
      return machine.server();
    },
    get disk() {
      return machine.disk();
    },
    restart: () => machine.restart(),
    replace: () => machine.replace(),
    async close() {
      net.close();
      machine.disk().cutPower('now');
      await turn();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await register(world);
  return world;
}

const START_MS = Date.parse('2026-01-01T00:00Z');
/** Syncing costs nothing in memory, and what fails here is ours to say. */
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const offered = Object.fromEntries(
  [testAction, changeAction, ...kernelActions].map((spec) => [spec.name, actionSchemaDigest(spec)]),
);

interface MachineParts {
  readonly path: string;
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly known: Known;
  readonly net: WireNet;
  /** What a server had written before it died is with the agents. */
  readonly lastWordsCame: () => void;
}

/** The machine of the server: what is on its disk outlives every server that runs on it. */
function createMachine({ path, random, clock, known, net, lastWordsCame }: MachineParts) {
  const ids = countingIds(clock);
  const repeating = repeatingClock(clock);
  const log = watchfulLog(known);
  let on: { readonly server: WireServer; readonly disk: FaultyStore } | null = null;
  const current = () => {
    if (on === null) throw new Error('no server is up');
    return on;
  };
  const boot = async (image?: Uint8Array): Promise<void> => {
    const disk = openFaultyStore(path, () => random.next(), image);
    const context = { clock: repeating, ids, store: disk.store, log };
    const server = await startWireServer(context, (finding) => known.findings.push(finding));
    on = { server, disk };
    server.gateway.service.listen(onlyOwnWords(server, known));
    net.serve({ gateway: server.gateway, clock: repeating });
    await turn();
  };
  const goOff = async (): Promise<void> => {
    net.lastWords();
    await turn();
    lastWordsCame();
    net.serve(null);
    clock.forgetTimers();
    await turn();
  };
  return {
    boot,
    server: () => current().server,
    disk: () => current().disk,
    async restart() {
      current().disk.cutPower('now');
      await goOff();
      await boot();
    },
    async replace() {
      const { server, disk } = current();
      const closing = server.gateway.close().then(() => server.room.close());
      for (let round = 0; round < 8; round++) await turn();
      disk.cutPower('now');
      void closing;
      await goOff();
      await boot();
    },
  };
}

/** Rooms hear what the session of the moment says in it, and nothing else. */
const onlyOwnWords = ({ gateway }: WireServer, { broken }: Known): SessionListener => ({
  frame(session, frame) {
    const { hostId, generation } = session;
    if (gateway.service.session(hostId)?.generation !== generation)
      broken.push(new Error(`a session of ${hostId} that was replaced is heard: ${frame.kind}`));
    if ('generation' in frame && frame.generation !== generation)
      broken.push(new Error(`a word of an earlier session of ${hostId} is heard: ${frame.kind}`));
  },
});

/** Nothing that listens to sessions may ever throw, whatever comes. */
function watchfulLog({ broken }: Known): Log {
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error(text, fields) {
      if (text === 'a listener of sessions failed') broken.push(fields?.['cause']);
    },
  };
}

function repeatingClock(clock: VirtualClock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, run) => clock.after(delayMs, run),
    every(intervalMs, run) {
      const again = (): (() => void) =>
        clock.after(intervalMs, () => {
          cancel = again();
          run();
        });
      let cancel = again();
      return () => cancel();
    },
  };
}

async function register({ hosts, server, disk }: WireWorld): Promise<void> {
  await disk.store.transaction(async (transaction) => {
    for (const id of hosts.keys())
      await server.hosts.add(transaction, {
        id,
        name: `web-${id.slice(-2)}`,
        labels: {},
        groups: [],
        state: 'active',
        machineId: id,
        arch: 'x86_64',
        agentVersion: '0.1.0',
      });
  });
}

/** Everything that follows from what has happened is done when this returns: nothing in a world waits for real time. */
export async function turn(): Promise<void> {
  for (let n = 0; n < 2; n++) await new Promise((resolve) => setImmediate(resolve));
}

/** The agent's process dies. */
export function crashAgent(world: WireWorld, host: VirtualHost): void {
  world.net.vanish(host);
  crash(world.hostWorld, host);
}
