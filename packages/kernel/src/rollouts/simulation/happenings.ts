import { moves } from './moves.ts';
import type { Random } from './random.ts';
import { stepOf } from './simulated-plan.ts';
import { turn, type World } from './simulated-world.ts';
import type { VirtualHost } from './virtual-host.ts';

/** How often each move comes in one world, by its name, and the sum of that. */
export interface Temper {
  readonly weights: readonly (readonly [name: string, weight: number])[];
  readonly sum: number;
}

const TROUBLE_FACTORS = [0, 0.3, 1, 2, 4];
/** While nothing is rolled out there is nothing to break. */
const START_WHEN_IDLE = 0.3;
/** Choices before time simply goes on. */
const CHOICES_MAX = 10;

/** Each trouble comes never, seldom or often in a world, so that those that only break something together meet. */
export function anyTemper(random: Random): Temper {
  const weights = Object.entries(moves).map(
    ([name, { weight, isSteady }]) =>
      [name, isSteady === true ? weight : weight * random.pick(TROUBLE_FACTORS)] as const,
  );
  return { weights, sum: weights.reduce((sum, [, weight]) => sum + weight, 0) };
}

interface Happening {
  readonly name: string;
  readonly hosts: readonly VirtualHost[];
}

/** What happens next, and to whom: nothing that would change nothing, for want of mail or of work. */
export function anyHappening(world: World, temper: Temper, hosts: readonly VirtualHost[]): Happening {
  const { random } = world;
  const any = random.pick(hosts);
  if (world.server.room.active.size === 0 && random.isLikely(START_WHEN_IDLE))
    return { name: 'start', hosts: [any] };
  for (let choice = 0; choice < CHOICES_MAX; choice++) {
    const name = pickName(random, temper);
    const { when, wants } = moves[name] ?? {};
    if (when?.(world) === false) continue;
    const chosen = wants === undefined ? [any] : someOf(random, hosts, wants);
    if (chosen.length > 0) return { name, hosts: chosen };
  }
  return { name: 'second', hosts: [any] };
}

function pickName(random: Random, { weights, sum }: Temper): string {
  let at = random.next() * sum;
  for (const [name, weight] of weights) {
    at -= weight;
    if (at < 0) return name;
  }
  return 'second';
}

/** The first that suit, from anywhere on: one, or as large a share of a large fleet as its rollouts move at once. */
function someOf(
  random: Random,
  hosts: readonly VirtualHost[],
  suits: (host: VirtualHost) => boolean,
): VirtualHost[] {
  const chosen: VirtualHost[] = [];
  const max = stepOf(hosts.length);
  const from = random.int(hosts.length);
  for (let n = 0; n < hosts.length && chosen.length < max; n++) {
    const host = hosts[(from + n) % hosts.length];
    if (host !== undefined && suits(host)) chosen.push(host);
  }
  return chosen;
}

/** One move, and all that follows from it. */
export async function perform(world: World, { name, hosts }: Happening): Promise<void> {
  for (const host of hosts) await moves[name]?.move(world, host);
  await turn();
}

/** For the trace of a world. */
export const nameOf = ({ name, hosts }: Happening): string =>
  `${name}(${hosts.length > 1 ? `${hosts.length} hosts` : (hosts[0]?.id.slice(-2) ?? '')})`;
