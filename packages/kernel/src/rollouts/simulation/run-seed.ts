/**
 * One simulated life of the real engine and the real driver over a store in memory: everything that happens follows from
 * the seed, so a seed that fails does so again, at the same move, for as long as the code is the same.
 *
 * Rollouts are started while hosts, network, disk, clock, rules and people do their worst; after every move all
 * invariants are checked. Then everything calms down, and every rollout has to end truthfully.
 */
import assert from 'node:assert/strict';
import { callRoute } from '../open-test-rollouts.ts';
import { checkSaved, checkServer } from './invariants.ts';
import { anyMove, passTime, perform, startAny } from './moves.ts';
import { createRandom } from './random.ts';
import { openWorld, turn, type World } from './simulated-world.ts';
import { read, work } from './virtual-host.ts';

export interface SeedResult {
  readonly seed: number;
  readonly hosts: number;
  readonly moves: number;
  readonly rollouts: number;
}

/** Thrown for a seed that broke an invariant; `trace` is the last that happened. */
export class SeedFailure extends Error {
  constructor(seed: number, trace: readonly string[], cause: unknown) {
    const said = cause instanceof Error ? cause.message : String(cause);
    super(`seed ${seed}: ${said}\n  last moves: ${trace.slice(-12).join(', ')}`, { cause });
  }
}

const CALM_ROUNDS_MAX = 1500;
/** Once all is calm a small rollout has no reason to take longer, beside what each wave may soak. */
const CALM_MS_MAX = 5 * 3_600_000;
const WAVE_MS_MAX = 1_800_000;
const SMALL_HOSTS_MAX = 12;

export async function runSeed(seed: number, hostsCount: number | null = null): Promise<SeedResult> {
  const random = createRandom(seed ^ 0x5eed);
  const hosts = hostsCount ?? anySize(random.next());
  const movesCount = 60 + random.int(hosts > 50 ? 1500 : 260);
  const trace: string[] = [];
  const world = await openWorld(seed, hosts);
  try {
    startAny(world);
    await turn();
    const list = [...world.hosts.values()];
    for (let n = 0; n < movesCount; n++) {
      const name = anyMove(world);
      const host = world.random.pick(list);
      trace.push(`${n}:${name}(${host.id.slice(-2)})`);
      await perform(world, name, host);
      checkServer(world);
    }
    trace.push('calm');
    await calmDown(world);
    await checkSaved(world);
    await checkTruth(world);
    return { seed, hosts, moves: movesCount, rollouts: world.observed.ends.size };
  } catch (cause) {
    throw new SeedFailure(seed, trace, cause);
  } finally {
    await world.close();
  }
}

/** Small worlds find most; some are large, because some mistakes need room. */
function anySize(chance: number): number {
  if (chance < 0.97) return 1 + Math.floor((chance / 0.97) * 10);
  return chance < 0.995 ? 40 : 150;
}

async function calmDown(world: World): Promise<void> {
  world.judge.mood.kind = 'holds';
  const endsBy = world.clock.monotonic() + CALM_MS_MAX + world.hosts.size * WAVE_MS_MAX;
  for (let round = 0; round < CALM_ROUNDS_MAX; round++) {
    await settle(world, round);
    checkServer(world);
    if (world.server.room.active.size === 0) return;
    if (world.hosts.size <= SMALL_HOSTS_MAX && world.clock.monotonic() > endsBy) break;
    const wakeInMs = world.clock.nextInMs;
    passTime(world, wakeInMs === null ? 10_000 : Math.min(wakeInMs + 1, 600_000));
    await turn();
    checkServer(world);
  }
  const open = [...world.server.room.active.values()].map(
    ({ id, state }) =>
      `${id} ${state.state} ${JSON.stringify(state.waiting)} ${JSON.stringify(state.counts)}`,
  );
  assert.fail(`did not end: ${open.join('; ')}`);
}

/** Whatever stood in the way goes away, and everybody says what they have to say. */
async function settle(world: World, round: number): Promise<void> {
  world.disk.isSlow = false;
  world.disk.failures = 0;
  world.disk.release();
  for (const digest of world.authority.needed) world.authority.approve(digest);
  await turn();
  const { room } = world.server;
  const { items } = await callRoute<{ items: { id: string }[] }>(room, 'stops.list', {});
  for (const { id } of items) await callRoute(room, 'stops.clear', { params: { stopId: id } });
  for (const { id, state } of [...room.active.values()]) {
    const gate = state.gate === null ? undefined : state.config.waves[state.wave]?.gates[state.gate.at];
    if (state.state === 'paused') await callRoute(room, 'rollouts.resume', { params: { rolloutId: id } });
    if (gate?.kind === 'confirm')
      await callRoute(room, 'rollouts.confirm', {
        params: { rolloutId: id },
        body: { gate: gate.name },
      }).catch(() => undefined);
  }
  for (const host of world.hosts.values()) {
    host.probesPass = true;
    if (host.fate === 'stuck') host.fate = 'succeed';
    // A host that was given up is confirmed back by a new session, as when its agent restarts some day.
    if (host.isCutOff || isReturning(world, host.id)) world.net.disconnect(host);
    if (host.session === null && world.index.has(host.id)) world.net.connect(host);
  }
  world.judge.answer();
  await turn();
  for (let talk = 0; talk < (round === 0 ? 12 : 4); talk++) {
    for (const host of world.hosts.values()) {
      while (host.outbox.length > 0) world.net.deliver(host, { overtakes: false, twice: false });
      while (host.inbox.length > 0) read(world.hostWorld, host);
      work(world.hostWorld, host);
    }
    await turn();
  }
}

const isReturning = (world: World, hostId: string): boolean =>
  [...world.ledger.memory().values()].some((lease) => lease.hostId === hostId && lease.isReturning);

/** The server's word and the hosts' agree. */
async function checkTruth(world: World): Promise<void> {
  for (const id of world.observed.rollouts) {
    const rollout = await world.server.room.rollouts.get(id);
    // Its start was not saved, and whoever asked for it was told so.
    if (rollout === null) continue;
    assert.ok(rollout.endedAt !== null, `${id} ended`);
    const { state, rolledBackBy } = rollout;
    if (state === 'rolled-back') {
      const undo = await world.server.room.rollouts.get(rolledBackBy ?? '');
      assert.equal(undo?.state, 'succeeded', 'rolled back by a rollout that succeeded');
    }
    const open = Object.entries(rollout.counts).filter(
      ([phase, count]) => count > 0 && (phase === 'pending' || phase === 'offered' || phase === 'running'),
    );
    assert.deepEqual(open, [], 'no task of an ended rollout is open');
  }
}
