/**
 * One simulated life of the real engine and the real driver over a store in memory: everything that happens follows from
 * the seed, so a seed that fails does so again, at the same move, for as long as the code is the same.
 *
 * Rollouts are started while hosts, network, disk, clock, rules and people do their worst; after every move all
 * invariants are checked. Then everything calms down, and every rollout has to end truthfully.
 */
import assert from 'node:assert/strict';
import { HOURLY } from './calendar-truth.ts';
import { anyHappening, anyTemper, nameOf, perform } from './happenings.ts';
import { checkSaved, checkServer } from './invariants.ts';
import { passTime, startAny } from './moves.ts';
import { createRandom } from './random.ts';
import { askForRule } from './rule-moves.ts';
import { settle } from './settle.ts';
import { emptyDisk, openWorld, turn, type World } from './simulated-world.ts';

interface SeedResult {
  readonly seed: number;
  readonly hosts: number;
  readonly rollouts: number;
  /** All that happened, move by move: two worlds with one trace were the same. */
  readonly trace: readonly string[];
}

/** Thrown for a seed that broke an invariant; `trace` is the last that happened. */
class SeedFailure extends Error {
  constructor(seed: number, trace: readonly string[], cause: unknown) {
    const said = cause instanceof Error ? cause.message : String(cause);
    super(`seed ${seed}: ${said}\n  last moves: ${trace.slice(-12).join(', ')}`, { cause });
  }
}

const CALM_ROUNDS_MAX = 2500;
/** Once all is calm a small rollout has no reason to take longer, beside what each wave may soak. */
const CALM_MS_MAX = 5 * 3_600_000;
const WAVE_MS_MAX = 2 * 3_600_000;
/** A plan that waits for its own windows ends with its time at the latest. */
const LONGEST_PLAN_MS = 48 * 3_600_000;
const SMALL_HOSTS_MAX = 12;

export interface Simulation {
  runSeed(seed: number): Promise<SeedResult>;
  /** What to say of a seed that failed, with how to see it again; null when it did not. */
  failureOf(seed: number): Promise<string | null>;
}

/** `hosts`: of every world; null: a number that follows from the seed. */
export async function createSimulation(hosts: number | null = null): Promise<Simulation> {
  const image = await emptyDisk();
  const size = hosts === null ? '' : ` --hosts ${hosts}`;
  return {
    runSeed: (seed) => runSeed(seed, hosts, image),
    async failureOf(seed) {
      try {
        await runSeed(seed, hosts, image);
        return null;
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        return `${said}\n  again: npm run sim -- --seeds 1 --from ${seed}${size}`;
      }
    },
  };
}

async function runSeed(seed: number, hostsCount: number | null, image: Uint8Array): Promise<SeedResult> {
  const random = createRandom(seed ^ 0x5eed);
  const hosts = hostsCount ?? anySize(random.next());
  const movesCount = 40 + random.int(hosts > 50 ? 600 : 160);
  const temper = anyTemper(random);
  const trace: string[] = [];
  const world = await openWorld(seed, hosts, image);
  try {
    const rulesFirst = random.isLikely(0.4) ? 1 + random.int(3) : 0;
    for (let n = 0; n < rulesFirst; n++) askForRule(world);
    await turn();
    startAny(world);
    await turn();
    const list = [...world.hosts.values()];
    for (let n = 0; n < movesCount; n++) {
      const happening = anyHappening(world, temper, list);
      trace.push(`${n}:${nameOf(happening)}`);
      await perform(world, happening);
      checkServer(world);
    }
    trace.push('calm');
    await calmDown(world);
    await checkNobodyHeld(world);
    await checkSaved(world, 'all');
    await checkTruth(world);
    return { seed, hosts, rollouts: world.observed.ends.size, trace };
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
  world.prometheus.mood = 'well';
  const calmSince = world.clock.monotonic();
  for (let round = 0; round < CALM_ROUNDS_MAX; round++) {
    await settle(world, round);
    checkServer(world);
    if (world.server.room.active.size === 0) return;
    if (world.hosts.size <= SMALL_HOSTS_MAX && world.clock.monotonic() > calmSince + patienceMs(world)) break;
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

/** Once every host has been asked and has answered, nobody counts as down any more. */
async function checkNobodyHeld(world: World): Promise<void> {
  for (let round = 1; round <= 2; round++) await settle(world, round);
  assert.deepEqual([...world.server.leases.values()], [], 'leases end when hosts are back');
}

function patienceMs({ hosts, server }: World): number {
  const hasOwnWindows = [...server.room.active.values()].some(({ fixed }) =>
    fixed.strategy.windows?.some(({ rrule }) => rrule !== HOURLY),
  );
  return CALM_MS_MAX + hosts.size * WAVE_MS_MAX + (hasOwnWindows ? LONGEST_PLAN_MS : 0);
}

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
