import type { PlanHeader, Strategy } from '@pilothouse/contract';
import type { LoadedPlan } from '../../plans/index.ts';
import { type EngineWave, failuresAllowed, gatesAfter } from '../engine/index.ts';
import type { RolloutRecord } from '../rollout-store.ts';

type PlanSteps = Pick<LoadedPlan, 'plan' | 'hosts' | 'step'>;

/** The wave of one step: as the plan resolved it, or as it follows from the strategy of plans that did not. */
export const waveAt = (plan: PlanSteps, index: number): number =>
  plan.step(index).wave ?? waveByStrategy(plan.plan.header.strategy, index);

export const waveByStrategy = ({ waves }: Pick<Strategy, 'waves'>, index: number): number =>
  waves.kind === 'fixed' ? Math.floor(index / waves.hostsPerWave) : 0;

/** Whose turn comes together, with what each wave may lose and what must hold after it. */
export function wavesOfPlan(plan: PlanSteps, kind: RolloutRecord['fixed']['kind']): EngineWave[] {
  const { strategy, waves: named } = plan.plan.header;
  const waveOf = plan.hosts.map((_, index) => waveAt(plan, index));
  // A wave without hosts is a plan of another server's making; it is passed through as an empty one.
  const count = waveOf.reduce((most, wave) => Math.max(most, wave + 1), 0);
  const indexes = Array.from({ length: count }, (): number[] => []);
  for (const [index, wave] of waveOf.entries()) indexes[wave]?.push(index);
  return indexes.map((members, wave) => ({
    name: named?.[wave]?.name ?? String(wave + 1),
    indexes: members,
    failuresMax: failuresAllowed(members.length, {
      count: strategy.waveFailuresMax,
      percent: strategy.waveFailuresPercentMax,
    }),
    isCanary: wave === 0 && startsWithCanary(plan.plan.header),
    // A dry run changes nothing that a gate could look at.
    gates: kind === 'dry-run' ? [] : gatesAfter(strategy.gates ?? [], wave, indexes.length),
  }));
}

/** What is undone has been tried: its waves are those of the plan that it undoes, the last one first. */
const startsWithCanary = ({ strategy: { waves }, rollbackOf }: PlanHeader): boolean =>
  rollbackOf === undefined && 'canary' in waves && waves.canary !== null;
