import type { ActionSpec, EffectClass, JsonObject, Mandate, Probe, StepAction } from '@pilothouse/contract';
import { EffectClass as Effects } from '@pilothouse/contract';

/** What approvals are asked for by. */
export interface Weight {
  readonly effect: EffectClass;
  /** It brings code, or content that becomes code. */
  readonly isArbitrary: boolean;
}

type Specs = ReadonlyMap<string, ActionSpec>;

/** Of a plan's actions and probes; an action whose plugin is gone counts as the worst. */
export function weighActions(
  specs: Specs,
  actions: readonly Pick<StepAction, 'action' | 'parameters'>[],
  probes: readonly Probe[] = [],
): Weight {
  const hasCommandProbe = probes.some((probe) => probe.kind === 'command');
  return {
    effect: strongest(actions.map(({ action, parameters }) => effectOf(specs.get(action), parameters))),
    isArbitrary: hasCommandProbe || actions.some(({ action }) => specs.get(action)?.trust !== 'typed'),
  };
}

/** Of the worst that a mandate allows, as far as its constraints tell; what they leave open is tried with examples. */
export function weighMandate(specs: Specs, mandate: Mandate): Weight {
  const examples = mandate.actions.flatMap(({ action, parameters }) => {
    const values = Object.entries(parameters).map(([name, constraint]) => {
      if ('equals' in constraint) return [name, [constraint.equals]] as const;
      if ('oneOf' in constraint) return [name, constraint.oneOf] as const;
      return [name, [constraint.pattern.replaceAll('*', 'x')]] as const;
    });
    const first: JsonObject = Object.fromEntries(values.map(([name, [value]]) => [name, value ?? null]));
    const others = values.flatMap(([name, all]) =>
      all.slice(1).map((value) => ({ ...first, [name]: value })),
    );
    return [first, ...others].map((example) => ({ action, parameters: example }));
  });
  return weighActions(specs, examples, mandate.probes);
}

function effectOf(spec: ActionSpec | undefined, parameters: JsonObject): EffectClass {
  const parsed = spec?.parameters.safeParse(parameters);
  return spec === undefined || parsed?.success !== true ? 'destructive' : spec.effect(parsed.data);
}

const strongest = (effects: readonly EffectClass[]): EffectClass =>
  Effects.options[Math.max(0, ...effects.map((effect) => Effects.options.indexOf(effect)))] ?? 'destructive';
