import {
  EffectClass,
  type EnvelopePayload,
  JsonObject,
  type ReadParameters,
  type StepAction,
} from '@pilothouse/contract';
import type { ActionRegistry } from '../tasks/action-registry.ts';

/**
 * How much a task can do, by what this agent knows of its actions and by nothing that the envelope says. Arbitrary code
 * counts as destructive, as an action or as a probe; what a dry run of a typed action does is reading.
 */
export function weighPayload(payload: EnvelopePayload, registry: ActionRegistry): EffectClass {
  const probes = payload.header.strategy.probes ?? [];
  if (probes.some((probe) => probe.kind === 'command')) return 'destructive';
  const ranks = payload.step.actions.map((step) =>
    EffectClass.options.indexOf(weighAction(step, registry, payload.kind === 'dry-run')),
  );
  return EffectClass.options[Math.max(...ranks)] ?? 'destructive';
}

function weighAction(
  { action, parameters }: StepAction,
  registry: ActionRegistry,
  isDryRun: boolean,
): EffectClass {
  const spec = registry.offered.get(action)?.action.spec;
  if (spec === undefined || spec.trust === 'arbitrary') return 'destructive';
  if (isDryRun) return 'read';
  const parsed = spec.parameters.safeParse(parameters);
  return parsed.success ? spec.effect(parsed.data) : 'destructive';
}

export const readerOf =
  (registry: ActionRegistry): ReadParameters =>
  (action, parameters) => {
    const parsed = registry.offered.get(action)?.action.spec.parameters.safeParse(parameters);
    return parsed?.success === true ? (JsonObject.safeParse(parsed.data).data ?? null) : null;
  };
