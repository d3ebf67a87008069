import { type HostId } from '@pilothouse/contract';
import { type ActiveRollout, parseTaskId } from '../driver/active-rollout.ts';
import { admin, callRoute } from '../open-test-rollouts.ts';
import { checkSaved } from './invariants.ts';
import { askForRule, askToDropRule } from './rule-moves.ts';
import { anyPlan } from './simulated-plan.ts';
import { crashHost, type World } from './simulated-world.ts';
import { beat, endOverdue, hasWork, read, type VirtualHost, work } from './virtual-host.ts';

const HOUR_MS = 3_600_000;

export interface Move {
  readonly weight: number;
  /** As often in every world: what goes on, or goes away again, without being trouble itself. */
  readonly isSteady?: true;
  /** It would change nothing in any other world. */
  readonly when?: (world: World) => boolean;
  /** Hosts to which it can happen; absent: it is about no host, or about any. */
  readonly wants?: (host: VirtualHost) => boolean;
  readonly move: (world: World, host: VirtualHost) => void | Promise<void>;
}

/** A person's request: refusals are answers like any other, and nobody waits while the disk is slow. */
function ask(world: World, routeId: string, input: Parameters<typeof callRoute>[2]): void {
  callRoute(world.server, routeId, input).catch(() => undefined);
}

function anyRollout(world: World): string | null {
  const ids = [...world.server.room.active.keys()];
  return ids.length === 0 ? null : world.random.pick(ids);
}

const act =
  (routeId: string, body: (world: World, id: string) => unknown = () => ({})) =>
  (world: World): void => {
    const rolloutId = anyRollout(world);
    if (rolloutId !== null) ask(world, routeId, { params: { rolloutId }, body: body(world, rolloutId) });
  };

export function startAny(world: World): void {
  if (world.index.size === 0) return;
  const { room } = world.server;
  const request = anyPlan(world.random, [...world.index.keys()], world.clock.now());
  const needsApproval = world.random.isLikely(0.15);
  const kind = world.random.isLikely(0.08) ? 'dry-run' : 'run';
  const start = async (): Promise<void> => {
    const { plan } = await world.prometheus.hurried(() => room.rollouts.plan(admin, request));
    if (needsApproval) world.authority.needed.add(plan.digest);
    await room.rollouts.start(admin, plan.digest, kind);
  };
  start().catch(() => undefined);
}

function gateOf(world: World, id: string): string {
  const state = world.server.room.active.get(id)?.state;
  return state?.config.waves[state.wave]?.gates[state.gate?.at ?? 0]?.name ?? '-';
}

async function liftStops(world: World): Promise<void> {
  const { items } = await callRoute<{ items: { id: string }[] }>(world.server, 'stops.list', {});
  for (const { id } of items) ask(world, 'stops.clear', { params: { stopId: id } });
}

function connectBack(world: World, host: VirtualHost): void {
  if (world.index.has(host.id)) world.net.connect(host);
}

const setHost = (world: World, hostId: HostId, change: Parameters<World['changeHost']>[1]): void =>
  world.changeHost(hostId, change);

function forgetRunning(world: World, host: VirtualHost): boolean {
  for (const entry of [...host.ledger]) {
    const place = parseTaskId(entry.taskId);
    const state = world.server.room.active.get(place?.rolloutId ?? '')?.state;
    if (state?.tasks[place?.index ?? -1]?.phase !== 'running' || entry.outcome !== null) continue;
    world.net.disconnect(host);
    world.truth.budgets.over(entry.taskId);
    host.ledger.splice(host.ledger.indexOf(entry), 1);
    return true;
  }
  return false;
}

const isAny =
  (suits: (active: ActiveRollout) => boolean) =>
  (world: World): boolean =>
    world.server.room.active.values().some(suits);
const endedOf = ({ observed, server }: World): string[] =>
  [...observed.rollouts].filter((id) => !server.room.active.has(id));
const hasEnded = (world: World): boolean => endedOf(world).length > 0;

/** Somebody asks for a rollout that follows from one that has ended. */
const again =
  (routeId: string, body: (world: World) => unknown) =>
  (world: World): void => {
    const params = { rolloutId: world.random.pick(endedOf(world)) };
    world.prometheus
      .hurried(() => callRoute(world.server, routeId, { params, body: body(world) }))
      .catch(() => undefined);
  };

const hasSession = (host: VirtualHost): boolean => host.session !== null;
const hasMail = (host: VirtualHost): boolean => host.inbox.onTheWay.length > 0;
const hasNews = (host: VirtualHost): boolean => host.outbox.onTheWay.length > 0;
const hasLate = ({ inbox, outbox }: VirtualHost): boolean => inbox.late.length + outbox.late.length > 0;

/** What may happen next, and how often. */
export const moves: Readonly<Record<string, Move>> = {
  read: { weight: 80, isSteady: true, wants: hasMail, move: (world, host) => read(world.hostWorld, host) },
  work: { weight: 80, isSteady: true, wants: hasWork, move: (world, host) => work(world.hostWorld, host) },
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
  late: { weight: 10, wants: hasLate, move: (world, host) => world.net.deliverLate(host) },
  beat: { weight: 10, isSteady: true, wants: hasSession, move: (_world, host) => beat(host) },
  load: {
    weight: 4,
    move: (world, host) => {
      host.isLaden = world.random.isLikely(0.3);
    },
  },
  deliver: {
    weight: 100,
    isSteady: true,
    wants: hasNews,
    move: (world, host) => world.net.deliver(host, { overtakes: false, twice: false }),
  },
  overtake: {
    weight: 10,
    wants: hasNews,
    move: (world, host) => world.net.deliver(host, { overtakes: true, twice: false }),
  },
  twice: {
    weight: 10,
    wants: hasNews,
    move: (world, host) => world.net.deliver(host, { overtakes: false, twice: true }),
  },
  connect: {
    weight: 80,
    isSteady: true,
    wants: (host) => !hasSession(host),
    move: connectBack,
  },
  disconnect: { weight: 6, wants: hasSession, move: (world, host) => world.net.disconnect(host) },
  cutOff: {
    weight: 3,
    wants: hasSession,
    move: (_world, host) => {
      host.isCutOff = true;
    },
  },
  crashHost: { weight: 5, move: crashHost },
  /** The host is set back to an older image, and no longer knows what the server saw it begin. */
  wipe: {
    weight: 6,
    wants: hasWork,
    move: (world) => {
      // What the server has seen is on its disk only if that keeps up.
      if (world.disk.isSlow || world.disk.failures > 0) return;
      for (const host of world.hosts.values()) if (forgetRunning(world, host)) return;
    },
  },
  restart: {
    weight: 6,
    move: async (world) => {
      const isAnybodyQuick = world.random.isLikely(0.7);
      await world.restart(world.random.isLikely(0.5));
      await checkSaved(world, 'open');
      for (const host of world.hosts.values())
        if (isAnybodyQuick && world.random.isLikely(0.7)) connectBack(world, host);
    },
  },
  slowDisk: {
    weight: 6,
    move: (world) => {
      world.disk.isSlow = true;
    },
  },
  quickDisk: {
    weight: 15,
    isSteady: true,
    when: ({ disk }) => disk.isSlow,
    move: (world) => {
      world.disk.isSlow = world.random.isLikely(0.5);
      world.disk.release();
    },
  },
  fullDisk: {
    weight: 2,
    move: (world) => {
      world.disk.failures = 1 + world.random.int(2);
    },
  },
  start: { weight: 3, move: startAny },
  pause: { weight: 2, move: act('rollouts.pause') },
  resume: {
    weight: 15,
    isSteady: true,
    when: isAny(({ state }) => state.state === 'paused'),
    move: act('rollouts.resume'),
  },
  cancel: {
    weight: 1,
    move: act('rollouts.cancel', (world) => ({ endRunning: world.random.isLikely(0.5) })),
  },
  retry: {
    weight: 3,
    when: hasEnded,
    move: again('rollouts.retry', (world) => ({ includeUnknown: world.random.isLikely(0.5) })),
  },
  undo: { weight: 3, when: hasEnded, move: again('rollouts.rollback', () => ({})) },
  confirm: {
    weight: 10,
    isSteady: true,
    when: isAny(({ state }) => state.gate !== null),
    move: act('rollouts.confirm', (world, id) => ({ gate: gateOf(world, id) })),
  },
  stop: {
    weight: 1,
    move: (world) => ask(world, 'stops.create', { body: { endRunning: world.random.isLikely(0.5) } }),
  },
  lift: { weight: 5, isSteady: true, move: (world) => void liftStops(world).catch(() => undefined) },
  approve: {
    weight: 8,
    isSteady: true,
    when: ({ authority }) => authority.needed.size > 0,
    move: (world) => world.authority.needed.forEach((digest) => world.authority.approve(digest)),
  },
  prometheus: { weight: 15, isSteady: true, move: (world) => world.prometheus.answer() },
  losePrometheus: { weight: 1.5, move: (world) => world.prometheus.lose() },
  mood: {
    weight: 4,
    move: (world) => {
      world.prometheus.mood = world.random.pick(['well', 'well', 'well', 'away', 'ill']);
    },
  },
  housekeep: {
    weight: 10,
    isSteady: true,
    move: (world) => void world.server.housekeep().catch(() => undefined),
  },
  probes: {
    weight: 2,
    move: (world, host) => {
      host.probesPass = world.random.isLikely(0.7);
    },
  },
  addRule: { weight: 4, move: askForRule },
  dropRule: {
    weight: 8,
    isSteady: true,
    when: ({ rules }) => rules.some(({ isCertain }) => isCertain),
    move: askToDropRule,
  },
  maintain: {
    weight: 2,
    move: (world, host) =>
      setHost(world, host.id, { isInMaintenance: !(world.index.get(host.id)?.isInMaintenance ?? false) }),
  },
  quarantine: { weight: 1, move: (world, host) => setHost(world, host.id, { state: 'quarantined' }) },
  decommission: {
    weight: 0.5,
    move: (world, host) => {
      setHost(world, host.id, null);
      world.net.disconnect(host);
    },
  },
  unstick: {
    weight: 2,
    move: (world, host) => {
      host.fate = world.random.pick(['succeed', 'succeed', 'fail', 'stuck']);
    },
  },
  second: { weight: 30, isSteady: true, move: (world) => passTime(world, 1000) },
  tenSeconds: { weight: 20, isSteady: true, move: (world) => passTime(world, 11_000) },
  minute: { weight: 12, isSteady: true, move: (world) => passTime(world, 61_000) },
  hours: { weight: 1, move: (world) => passTime(world, 2 * HOUR_MS) },
  /** The server's machine sleeps: for its clock an hour has gone by, and for its timers and for hosts a second. */
  sleep: {
    weight: 2.5,
    move: (world) => {
      world.clock.jump(HOUR_MS);
      passTime(world, 1000);
    },
  },
  jump: {
    weight: 2.5,
    move: (world) => world.clock.jump(world.random.pick([-HOUR_MS, -30_000, 30_000, HOUR_MS, HOUR_MS])),
  },
};

export function passTime(world: World, byMs: number): void {
  world.clock.advance(byMs);
  for (const host of world.hosts.values()) endOverdue(world.hostWorld, host);
}
