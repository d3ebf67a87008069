import type { LoadedPlan } from './loaded-plan.ts';

type Waved = Pick<LoadedPlan, 'plan' | 'hosts' | 'waveOf'>;

const hostsPerWave = ({ plan, hosts }: Waved): number => {
  const { waves } = plan.header.strategy;
  return waves.kind === 'fixed' ? waves.hostsPerWave : Math.max(1, hosts.length);
};

/** The number of a step's wave from 0, whether the plan resolved its waves or they follow from the strategy alone. */
export const waveOfStep = (plan: Waved, index: number): number =>
  plan.waveOf?.[index] ?? Math.floor(index / hostsPerWave(plan));

export const planWavesCount = (plan: Waved): number =>
  plan.plan.header.waves?.length ?? Math.ceil(plan.hosts.length / hostsPerWave(plan));

export const waveName = ({ plan }: Waved, wave: number): string =>
  plan.header.waves?.[wave]?.name ?? `wave ${wave + 1}`;
