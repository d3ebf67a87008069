import assert from 'node:assert/strict';
import type { Strategy } from '@pilothouse/contract';
import { HEARTBEAT_INTERVAL_MS, SESSION_SILENCE_MAX_MS } from '@pilothouse/wire';
import { admin, callRoute } from '../open-test-rollouts.ts';
import { IN_ORDER } from '../simulation/frame-queue.ts';
import type { Random } from '../simulation/random.ts';
import { beat, endOverdue, hasWork, read, type VirtualHost, work } from '../simulation/virtual-host.ts';
import { checkDisk } from './wire-truth.ts';
import { crashAgent, turn, type WireWorld } from './wire-world.ts';

const HOUR_MS = 3_600_000;
const HEARTBEAT_MS = HEARTBEAT_INTERVAL_MS;

interface WireMove {
  readonly weight: number;
  /** As often in every world: what goes on, or goes away again, without being trouble itself. */
  readonly isSteady?: true;
  readonly when?: (world: WireWorld) => boolean;
  readonly wants?: (host: VirtualHost, world: WireWorld) => boolean;
  readonly move: (world: WireWorld, host: VirtualHost) => void | Promise<void>;
}

const hasSession = (host: VirtualHost): boolean => host.session !== null;
const hasMail = (host: VirtualHost): boolean => host.inbox.onTheWay.length > 0;
const hasNews = (host: VirtualHost): boolean => host.session !== null && host.outbox.onTheWay.length > 0;
const hasLate = (host: VirtualHost): boolean => host.session !== null && host.outbox.late.length > 0;

/** A person's request: refusals are answers like any other, and nobody waits while the disk is slow. */
function ask(world: WireWorld, routeId: string, input: Parameters<typeof callRoute>[2]): void {
  callRoute(world.server.room, routeId, input).catch(() => undefined);
}

export function startAny(world: WireWorld): void {
  const { random, server, known } = world;
  const { rollouts } = server.room;
  const chosen = [...world.hosts.keys()].filter(() => random.isLikely(0.8));
  const request = {
    title: 'simulated',
    target: { hostIds: chosen.length > 0 ? chosen : [...world.hosts.keys()] },
    actions: [{ action: random.pick(['test.run', 'test.change']), parameters: { text: 'x' } }],
    strategy: anyStrategy(random, world.hosts.size),
  };
  const start = async (): Promise<void> => {
    const { plan } = await rollouts.plan(admin, request);
    const { id } = await rollouts.start(admin, plan.digest, 'run');
    known.answered.add(id);
  };
  start().catch(() => undefined);
}

const anyStrategy = (random: Random, hosts: number): Partial<Strategy> => ({
  waves: random.pick<Strategy['waves']>([
    { kind: 'all' },
    { kind: 'fixed', hostsPerWave: 1 + random.int(hosts) },
  ]),
  inFlightMax: 1 + random.int(6),
  failuresMax: random.isLikely(0.4) ? null : random.int(3),
  offline: random.pick(['wait', 'wait', 'skip', 'fail']),
  taskTimeoutMs: 600_000,
});

const act =
  (routeId: string, body: (world: WireWorld) => unknown = () => ({})) =>
  (world: WireWorld): void => {
    const ids = [...world.server.room.active.keys()];
    if (ids.length === 0) return;
    ask(world, routeId, { params: { rolloutId: world.random.pick(ids) }, body: body(world) });
  };

/** Time goes by: agents say that they are there, and what they have written arrives if the network lets it. */
export async function passTime(world: WireWorld, byMs: number, isFlowing: boolean): Promise<void> {
  for (let left = byMs; left > 0; left -= HEARTBEAT_MS) {
    world.clock.advance(Math.min(left, HEARTBEAT_MS));
    for (const host of world.hosts.values()) {
      endOverdue(world.hostWorld, host);
      beat(host);
      while (isFlowing && hasNews(host)) world.net.say(host, IN_ORDER);
    }
    if (isFlowing) await flowAll(world);
    else await turn();
  }
}

/** Until no byte is on its way that anything lets through. */
export async function flowAll(world: WireWorld): Promise<void> {
  for (let isMoving = true; isMoving; ) {
    isMoving = false;
    for (const host of world.hosts.values()) {
      const isFresh = world.net.flow(host, Number.MAX_SAFE_INTEGER);
      isMoving = world.net.flowLate(host) || isFresh || isMoving;
    }
    await turn();
  }
}

/** Nobody's bytes arrive for longer than anybody may be silent. */
async function fallSilent(world: WireWorld): Promise<void> {
  await passTime(world, SESSION_SILENCE_MAX_MS + 2 * HEARTBEAT_MS, false);
  assert.equal(world.server.gateway.service.sessionsCount, 0, 'who is silent has no session');
}

/** kill -9 of the server, or the power of its machine; then what is on the disk is held against what was answered. */
async function restart(world: WireWorld): Promise<void> {
  await world.restart();
  await checkDisk(world);
}

/** Nobody waits for it: the power may fail within its commit. */
export function housekeep({ server }: WireWorld): void {
  server.housekeep().catch(() => undefined);
}

/** What may happen next, and how often. */
export const wireMoves: Readonly<Record<string, WireMove>> = {
  flow: {
    weight: 160,
    isSteady: true,
    move: (world, host) => void world.net.flow(host, Number.MAX_SAFE_INTEGER),
  },
  flowLate: { weight: 25, move: (world, host) => void world.net.flowLate(host) },
  trickle: { weight: 60, move: (world, host) => void world.net.flow(host, 1 + world.random.int(200)) },
  say: { weight: 100, isSteady: true, wants: hasNews, move: (world, host) => world.net.say(host, IN_ORDER) },
  overtake: {
    weight: 10,
    wants: hasNews,
    move: (world, host) => world.net.say(host, { overtakes: true, twice: false }),
  },
  sayTwice: {
    weight: 10,
    wants: hasNews,
    move: (world, host) => world.net.say(host, { overtakes: false, twice: true }),
  },
  sayLate: { weight: 15, wants: hasLate, move: (world, host) => world.net.sayLate(host) },
  read: { weight: 100, isSteady: true, wants: hasMail, move: (world, host) => read(world.hostWorld, host) },
  misread: {
    weight: 8,
    wants: hasMail,
    move: (world, host) => read(world.hostWorld, host, { overtakes: true, twice: false }),
  },
  readTwice: {
    weight: 10,
    wants: hasMail,
    move: (world, host) => read(world.hostWorld, host, { overtakes: false, twice: true }),
  },
  work: { weight: 80, isSteady: true, wants: hasWork, move: (world, host) => work(world.hostWorld, host) },
  dial: {
    weight: 80,
    isSteady: true,
    wants: (host, { net }) => !hasSession(host) && !net.isDialling(host),
    move: (world, host) => world.net.dial(host),
  },
  dialAgain: { weight: 4, move: (world, host) => world.net.dial(host) },
  /** Its link dies under its words, and it is back at once: they are on their way while the next session opens. */
  blink: {
    weight: 6,
    wants: hasSession,
    move: (world, host) => {
      beat(host);
      while (hasNews(host)) world.net.say(host, IN_ORDER);
      world.net.dial(host);
    },
  },
  vanish: { weight: 5, wants: hasSession, move: (world, host) => world.net.vanish(host) },
  reset: { weight: 5, move: (world, host) => world.net.reset(host) },
  cutOff: {
    weight: 5,
    move: (_world, host) => {
      host.isCutOff = true;
    },
  },
  heal: {
    weight: 15,
    isSteady: true,
    wants: ({ isCutOff }) => isCutOff,
    move: (_world, host) => {
      host.isCutOff = false;
    },
  },
  crashAgent: { weight: 5, move: crashAgent },
  unstick: {
    weight: 3,
    move: (world, host) => {
      host.fate = world.random.pick(['succeed', 'succeed', 'fail', 'stuck']);
    },
  },
  kill: { weight: 5, move: restart },
  powerCut: { weight: 15, move: ({ disk }) => disk.cutPower('within-a-commit') },
  replace: {
    weight: 3,
    when: ({ disk }) => !disk.isSlow,
    async move(world) {
      await world.replace();
      await checkDisk(world);
    },
  },
  slowDisk: {
    weight: 6,
    move: ({ disk }) => {
      disk.isSlow = true;
    },
  },
  quickDisk: {
    weight: 15,
    isSteady: true,
    when: ({ disk }) => disk.isSlow,
    move: ({ disk, random }) => {
      disk.isSlow = random.isLikely(0.5);
      disk.release();
    },
  },
  fullDisk: { weight: 3, move: ({ disk }) => disk.setFull(true) },
  room: { weight: 10, isSteady: true, move: ({ disk }) => disk.setFull(false) },
  start: { weight: 3, move: startAny },
  pause: { weight: 2, move: act('rollouts.pause') },
  resume: { weight: 12, isSteady: true, move: act('rollouts.resume') },
  cancel: {
    weight: 1,
    move: act('rollouts.cancel', ({ random }) => ({ endRunning: random.isLikely(0.5) })),
  },
  housekeep: {
    weight: 8,
    isSteady: true,
    move: housekeep,
  },
  second: { weight: 30, isSteady: true, move: (world) => passTime(world, 1000, false) },
  tenSeconds: { weight: 12, isSteady: true, move: (world) => passTime(world, HEARTBEAT_MS, true) },
  silence: { weight: 4, move: fallSilent },
  jump: {
    weight: 3,
    move: ({ clock, random }) => clock.jump(random.pick([-3 * HOUR_MS, -30_000, 30_000, 3 * HOUR_MS])),
  },
};

/** The power failed within a commit: the machine comes up again. */
export async function afterPower(world: WireWorld): Promise<boolean> {
  if (!world.disk.isOut) return false;
  await restart(world);
  return true;
}
