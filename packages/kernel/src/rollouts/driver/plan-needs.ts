import type { PlanHeader, StepAction } from '@pilothouse/contract';
import type { AgentCapability } from '@pilothouse/wire';

/**
 * What an agent must know to carry this plan out. Agents of the first release digest a header without what they do not
 * know of it, so they would refuse every step of a plan that says anything new.
 */
export function capabilityNeeded(
  header: PlanHeader,
  actionLists: readonly (readonly StepAction[])[],
): AgentCapability | null {
  const { strategy } = header;
  const isNewStrategy = NEW_IN_STRATEGY.some((key) => strategy[key] !== undefined);
  const isNewWaves = strategy.waves.kind === 'staged' || strategy.waves.kind === 'per-label';
  const isNewHeader = header.waves !== undefined || header.rollbackOf !== undefined;
  const isNewList = actionLists.some(
    (list) => list.length > 1 || list.some((action) => action.when !== undefined),
  );
  return isNewStrategy || isNewWaves || isNewHeader || isNewList ? 'plans-2' : null;
}

const NEW_IN_STRATEGY = [
  'failuresPercentMax',
  'waveFailuresMax',
  'waveFailuresPercentMax',
  'inFlightPerLabel',
  'apart',
  'gates',
  'probes',
  'windows',
  'onFailure',
  'approvalsMin',
] as const;
