/**
 * Which host goes in which wave.
 *
 * Problem: waves have sizes that people chose, and some hosts stand in for each other; a wave that takes two of them down
 * at once breaks what the rest of the strategy protects.
 *
 * Rule: hosts are put in one order, and each wave takes from its front until it is full, passing over a host of whose sets
 * it holds a member already. In that order the members of a set are spread evenly (member j of m stands at about j / m of the
 * way, as does host k of n among those in no set), so that early waves are a small picture of the whole and few hosts
 * are passed over. The last size repeats until everybody has a wave: a set that is larger than the number of waves makes
 * more waves, and never fuller ones.
 *
 * Limits: sizes are therefore maxima. It is not the least number of waves for hosts that are in several sets: that is graph
 * colouring. At most WAVES_MAX waves. Same input, same waves: nothing here reads a clock or chance.
 */
import { compareText } from '@pilothouse/base';
import {
  type Canary,
  type Labels,
  labelOf,
  WAVES_MAX,
  type WaveSize,
  type Waves,
} from '@pilothouse/contract';
import { type RedundancySets, spreadOrder } from './redundancy-sets.ts';

export interface WaveHost {
  readonly labels: Labels;
  /** Canaries are taken from those that are there: one that is offline would hold everybody up, one in maintenance try nothing. */
  readonly isOnline: boolean;
  /** Hosts of one build are taken to behave alike; read for a canary of each build alone. */
  readonly build: string;
}

export interface WaveInput {
  readonly waves: Waves;
  /** In the order of the plan's steps. */
  readonly hosts: readonly WaveHost[];
  readonly sets: RedundancySets;
}

export interface WavePlan {
  readonly waves: readonly { readonly name: string; readonly hostsCount: number }[];
  /** For each host the number of its wave, from 0. */
  readonly waveOf: readonly number[];
}

/** Null: it takes more than WAVES_MAX waves. */
export function planWaves(input: WaveInput): WavePlan | null {
  const filling = startFilling(input);
  const { waves } = input;
  const all = spreadOrder(input.hosts.length, input.sets);
  if (waves.kind === 'all') fillAll(filling, all, { hosts: input.hosts.length });
  else if (waves.kind === 'fixed') fillAll(filling, all, { hosts: waves.hostsPerWave });
  else {
    const rest = waves.canary === null ? all : fillCanaries(filling, all, waves.canary);
    if (waves.kind === 'staged') fillSizes(filling, rest, waves.then);
    else fillByLabel(filling, rest, waves);
  }
  return filling.isOverfull ? null : { waves: filling.made, waveOf: filling.waveOf };
}

interface Filling {
  readonly input: WaveInput;
  readonly made: { name: string; hostsCount: number }[];
  readonly waveOf: number[];
  isOverfull: boolean;
}

const startFilling = (input: WaveInput): Filling => ({
  input,
  made: [],
  waveOf: input.hosts.map(() => -1),
  isOverfull: false,
});

/** One wave of at most `hostsMax` from the front of `order`; returns who is left, in their order. */
function fillWave(
  filling: Filling,
  order: readonly number[],
  wave: { readonly name: string; readonly hostsMax: number },
): readonly number[] {
  const { setsOf } = filling.input.sets;
  const number = filling.made.length;
  const used = new Set<number>();
  const passedOver: number[] = [];
  let hostsCount = 0;
  let at = 0;
  for (; at < order.length && hostsCount < wave.hostsMax; at++) {
    const host = order[at] ?? 0;
    const sets = setsOf[host] ?? [];
    if (sets.some((set) => used.has(set))) {
      passedOver.push(host);
      continue;
    }
    for (const set of sets) used.add(set);
    filling.waveOf[host] = number;
    hostsCount += 1;
  }
  filling.made.push({ name: wave.name, hostsCount });
  return passedOver.length === 0 ? order.slice(at) : passedOver.concat(order.slice(at));
}

/** Waves until nobody of `order` is left; the last size repeats. */
function fillSizes(filling: Filling, order: readonly number[], sizes: readonly WaveSize[]): void {
  const total = filling.input.hosts.length;
  let left = order;
  for (let index = 0; left.length > 0; index++) {
    if (filling.made.length === WAVES_MAX) {
      filling.isOverfull = true;
      return;
    }
    const size = sizes[Math.min(index, sizes.length - 1)] ?? { hosts: total };
    const hostsMax = 'hosts' in size ? size.hosts : Math.max(1, Math.ceil((total * size.percent) / 100));
    const share = 'hosts' in size ? '' : ` (${size.percent} %)`;
    left = fillWave(filling, left, { name: `wave ${filling.made.length + 1}${share}`, hostsMax });
  }
}

const fillAll = (filling: Filling, order: readonly number[], size: WaveSize): void =>
  fillSizes(filling, order, [size]);

/** Those that are there first; the sort is stable, so otherwise the order stays. */
function fillCanaries(filling: Filling, order: readonly number[], canary: Canary): readonly number[] {
  const { hosts } = filling.input;
  const isThere = (host: number): number => (hosts[host]?.isOnline === true ? 0 : 1);
  const candidates = [...order].sort((a, b) => isThere(a) - isThere(b));
  const inOrder = (left: readonly number[]): number[] => {
    const isLeft = new Set(left);
    return order.filter((host) => isLeft.has(host));
  };
  if ('hosts' in canary)
    return inOrder(fillWave(filling, candidates, { name: 'canary', hostsMax: canary.hosts }));
  return inOrder(fillBuilds(filling, candidates));
}

/**
 * One host of each build. Where two builds can only send members of one set, the second waits for another canary wave:
 * a build is never left without its canary.
 */
function fillBuilds(filling: Filling, candidates: readonly number[]): readonly number[] {
  const { hosts } = filling.input;
  const buildOf = (host: number): string => hosts[host]?.build ?? '';
  const done = new Set<string>();
  const builds = new Set(candidates.map(buildOf));
  let left = candidates;
  for (let wave = 1; done.size < builds.size; wave++) {
    if (filling.made.length === WAVES_MAX) {
      filling.isOverfull = true;
      return [];
    }
    left = fillBuildWave(filling, left, { name: wave === 1 ? 'canary' : `canary ${wave}`, done, buildOf });
  }
  return left;
}

function fillBuildWave(
  filling: Filling,
  order: readonly number[],
  wave: {
    readonly name: string;
    readonly done: Set<string>;
    readonly buildOf: (host: number) => string;
  },
): readonly number[] {
  const { setsOf } = filling.input.sets;
  const number = filling.made.length;
  const used = new Set<number>();
  const left: number[] = [];
  let hostsCount = 0;
  for (const host of order) {
    const build = wave.buildOf(host);
    const sets = setsOf[host] ?? [];
    if (wave.done.has(build) || sets.some((set) => used.has(set))) {
      left.push(host);
      continue;
    }
    wave.done.add(build);
    for (const set of sets) used.add(set);
    filling.waveOf[host] = number;
    hostsCount += 1;
  }
  filling.made.push({ name: wave.name, hostsCount });
  return left;
}

/** A wave for each value, in the order that was asked for, then by value; those without the label come last. */
function fillByLabel(
  filling: Filling,
  order: readonly number[],
  { label, order: asked }: Extract<Waves, { kind: 'per-label' }>,
): void {
  const byValue = new Map<string | null, number[]>();
  for (const host of order) {
    const labels = filling.input.hosts[host]?.labels ?? {};
    const value = labelOf(labels, label) ?? null;
    const members = byValue.get(value);
    if (members === undefined) byValue.set(value, [host]);
    else members.push(host);
  }
  const rankOf = new Map(asked.map((value, index) => [value, index]));
  const rank = (value: string): number => rankOf.get(value) ?? asked.length;
  const values = [...byValue.keys()]
    .filter((value) => value !== null)
    .sort((a, b) => rank(a) - rank(b) || compareText(a, b));
  for (const value of [...values, null]) {
    const name = value === null ? `without ${label}` : `${label}=${value}`;
    let left: readonly number[] = byValue.get(value) ?? [];
    for (let part = 1; left.length > 0; part++) {
      if (filling.made.length === WAVES_MAX) {
        filling.isOverfull = true;
        return;
      }
      const hostsMax = left.length;
      left = fillWave(filling, left, { name: part === 1 ? name : `${name} (${part})`, hostsMax });
    }
  }
}
