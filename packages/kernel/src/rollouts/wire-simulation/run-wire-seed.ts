/** One life of a world in which driver, store and wire are the real ones; a seed that fails does so again, at the same move. */
import assert from 'node:assert/strict';
import { callRoute } from '../open-test-rollouts.ts';
import { createRandom, type Random } from '../simulation/random.ts';
import type { Simulation } from '../simulation/run-seed.ts';
import { beat, hasWork, read, type VirtualHost, work } from '../simulation/virtual-host.ts';
import { afterPower, flowAll, housekeep, passTime, startAny, wireMoves } from './wire-moves.ts';
import { checkCalm, checkDisk, checkWire } from './wire-truth.ts';
import { emptyWireDisk, openWireWorld, turn, type WireWorld } from './wire-world.ts';

const HOSTS_MAX = 6;
const TROUBLE_FACTORS = [0, 0.3, 1, 2, 4];
const START_WHEN_IDLE = 0.3;
const CHOICES_MAX = 10;
/** Silence of dead connections, grace for hosts that are away and the longest task end within it. */
const CALM_ROUNDS_MAX = 150;

/** `hosts`: of every world; null: a number that follows from the seed. */
export async function createWireSimulation(hosts: number | null = null): Promise<Simulation> {
  const image = await emptyWireDisk();
  const size = hosts === null ? '' : ` --hosts ${hosts}`;
  return {
    runSeed: (seed) => runSeed(seed, hosts, image),
    async failureOf(seed) {
      try {
        await runSeed(seed, hosts, image);
        return null;
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        return `${said}\n  again: npm run sim -- wire --seeds 1 --from ${seed}${size}`;
      }
    },
  };
}

async function runSeed(
  seed: number,
  hostsCount: number | null,
  image: Uint8Array,
): ReturnType<Simulation['runSeed']> {
  const random = createRandom(seed ^ 0x31f3);
  const hosts = hostsCount ?? 1 + random.int(HOSTS_MAX);
  const trace: string[] = [];
  const world = await openWireWorld(seed, hosts, image);
  try {
    await live(world, random, trace);
    trace.push('calm');
    await calmDown(world);
    await checkDisk(world);
    checkCalm(world);
    return { seed, hosts, rollouts: world.known.ends.size, trace };
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`seed ${seed}: ${said}\n  last moves: ${trace.slice(-16).join(', ')}`, { cause });
  } finally {
    await world.close();
  }
}

async function live(world: WireWorld, random: Random, trace: string[]): Promise<void> {
  const list = [...world.hosts.values()];
  const temper = anyTemper(random);
  for (const host of list) world.net.dial(host);
  await flowAll(world);
  startAny(world);
  await turn();
  const movesCount = 40 + random.int(100);
  for (let n = 0; n < movesCount; n++) {
    const { name, host } = anyHappening(world, temper, list);
    trace.push(`${n}:${name}(${host.id.slice(-2)})`);
    await wireMoves[name]?.move(world, host);
    await turn();
    if (await afterPower(world)) trace.push('power');
    checkWire(world);
  }
}

type Temper = readonly (readonly [name: string, weight: number])[];

/** Each trouble comes never, seldom or often in a world, so that those that only break something together meet. */
const anyTemper = (random: Random): Temper =>
  Object.entries(wireMoves).map(([name, { weight, isSteady }]) => [
    name,
    isSteady === true ? weight : weight * random.pick(TROUBLE_FACTORS),
  ]);

function anyHappening(
  world: WireWorld,
  temper: Temper,
  hosts: readonly VirtualHost[],
): { readonly name: string; readonly host: VirtualHost } {
  const { random } = world;
  const any = random.pick(hosts);
  if (world.server.room.active.size === 0 && random.isLikely(START_WHEN_IDLE))
    return { name: 'start', host: any };
  for (let choice = 0; choice < CHOICES_MAX; choice++) {
    const name = pickName(random, temper);
    const { when, wants } = wireMoves[name] ?? {};
    if (when?.(world) === false) continue;
    const suiting = wants === undefined ? [any] : hosts.filter((host) => wants(host, world));
    if (suiting.length > 0) return { name, host: random.pick(suiting) };
  }
  return { name: 'second', host: any };
}

function pickName(random: Random, temper: Temper): string {
  let at = random.next() * temper.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of temper) {
    at -= weight;
    if (at < 0) return name;
  }
  return 'second';
}

/** Whatever stood in the way goes away, and everybody says what they have to say, until all has ended. */
async function calmDown(world: WireWorld): Promise<void> {
  // A plan that was made while the clock was ahead begins at its own time; somebody sets the clock right.
  world.clock.jump(Math.max(0, world.known.latestMs - world.clock.now()));
  for (let round = 0; round < CALM_ROUNDS_MAX; round++) {
    await settle(world);
    checkWire(world);
    if (isQuiet(world)) return;
    await passTime(world, round < 20 ? 10_000 : 60_000, true);
    await afterPower(world);
  }
  const open = [...world.server.room.active.values()].map(
    ({ id, state }) =>
      `${id} ${state.state} ${JSON.stringify(state.waiting)} ${JSON.stringify(state.counts)}`,
  );
  assert.fail(`did not end: ${open.join('; ')}`);
}

const isQuiet = ({ server, hosts }: WireWorld): boolean =>
  server.room.active.size === 0 &&
  [...hosts.values()].every(
    ({ id, session, ledger }) =>
      session !== null &&
      server.gateway.service.session(id)?.generation === session.generation &&
      ledger.every(({ isSaved }) => isSaved),
  );

async function settle(world: WireWorld): Promise<void> {
  const { disk, server, net } = world;
  disk.isSlow = false;
  disk.setFull(false);
  disk.release();
  await turn();
  if (await afterPower(world)) return;
  for (const host of world.hosts.values()) {
    host.isCutOff = false;
    if (host.fate === 'stuck') host.fate = 'succeed';
    if (host.session === null) net.dial(host);
  }
  for (const { id, state } of [...server.room.active.values()])
    if (state.state === 'paused') resume(world, id);
  housekeep(world);
  await turn();
  for (let talk = 0; talk < 12; talk++) {
    await flowAll(world);
    if (await afterPower(world)) return;
    const isAnyoneAtIt = [...world.hosts.values()].map((host) => talkOnce(world, host)).includes(true);
    if (!isAnyoneAtIt) break;
  }
}

/** Refused when it has ended meanwhile, which is well; and nobody hears of it when the power fails. */
function resume({ server }: WireWorld, rolloutId: string): void {
  callRoute(server.room, 'rollouts.resume', { params: { rolloutId }, body: {} }).catch(() => undefined);
}

function talkOnce(world: WireWorld, host: VirtualHost): boolean {
  const isAtIt = host.outbox.onTheWay.length + host.inbox.onTheWay.length > 0 || hasWork(host);
  while (host.inbox.onTheWay.length > 0) read(world.hostWorld, host);
  work(world.hostWorld, host);
  if (isAtIt) beat(host);
  while (host.session !== null && host.outbox.onTheWay.length > 0)
    world.net.say(host, { overtakes: false, twice: false });
  return isAtIt;
}
