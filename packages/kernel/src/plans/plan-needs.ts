import { type EffectClass, rolloutPermissions, type StepAction, type Strategy } from '@pilothouse/contract';
import { type ActionRegistry, strongest } from './action-registry.ts';
import type { LoadedPlan } from './loaded-plan.ts';
import type { PlanNeeds } from './require-rights.ts';

const hasCommandProbe = ({ probes }: Pick<Strategy, 'probes'>): boolean =>
  probes?.some((probe) => probe.kind === 'command') === true;

/** A probe that runs a program can do what any program can, whatever it was written for. */
export const probePermissions = (strategy: Pick<Strategy, 'probes'>): string[] =>
  hasCommandProbe(strategy) ? [rolloutPermissions.probeCommand.name] : [];

export const planEffect = (
  registry: ActionRegistry,
  actions: readonly StepAction[],
  strategy: Pick<Strategy, 'probes'>,
): EffectClass =>
  strongest([registry.effectOf(actions), ...(hasCommandProbe(strategy) ? (['disruptive'] as const) : [])]);

export function needsOf(registry: ActionRegistry, plan: LoadedPlan): PlanNeeds {
  const actions = plan.actionLists.flat();
  const { strategy } = plan.plan.header;
  const permissions = plan.permissions ?? registry.permissionsOf(actions);
  return { effect: planEffect(registry, actions, strategy), permissions };
}
