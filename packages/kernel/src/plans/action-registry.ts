import {
  type ActionSpec,
  AppError,
  actionSchemaDigest,
  canonicalJson,
  type Digest,
  type EffectClass,
  type Interruption,
  type JsonObject,
  type Message,
  PARAMETERS_BYTES_MAX,
  type StepAction,
  schemaProblem,
  unknownMembers,
} from '@pilothouse/contract';
import type { PlannedAction } from '../rollouts/service.ts';

const EFFECTS: readonly EffectClass[] = ['read', 'reversible', 'disruptive', 'destructive'];
const INTERRUPTIONS: readonly Interruption[] = ['none', 'service', 'host'];

/** Actions of a step after they were checked, and what follows from their specs. */
export interface CheckedActions {
  readonly actions: readonly StepAction[];
  readonly effect: EffectClass;
  readonly timeoutMsMax: number;
  readonly schemas: Readonly<Record<string, Digest>>;
  /** What it takes on every target beside `rollouts.start`. */
  readonly permissions: readonly string[];
}

/** The actions of all plugins, as server and agents know them. */
export interface ActionRegistry {
  check(requested: readonly PlannedAction[]): CheckedActions;
  /** Keys of the labels that final parameters of these actions have yet to be filled with. */
  labelsAskedBy(actions: readonly StepAction[]): string[];
  /** What hosts with these labels are to do, still to be checked like anything that is asked for. */
  fillLabels(
    actions: readonly StepAction[],
    labels: Readonly<Record<string, string>>,
  ): (StepAction & PlannedAction)[];
  /** Of actions that were checked before; one whose plugin is gone counts as destructive. */
  effectOf(actions: readonly StepAction[]): EffectClass;
  /** The strongest interruption of actions that were checked before; one whose plugin is gone takes the host down. */
  interruptionOf(actions: readonly StepAction[]): Interruption;
  /** What the actions themselves ask for. */
  permissionsOf(actions: readonly StepAction[]): string[];
  /** Those that change something and record nothing to restore, with the reason that their makers state. */
  lackingUndo(actions: readonly StepAction[]): UndoLack[];
  /** Whether any of them records what its undo needs. */
  recordsUndo(actions: readonly StepAction[]): boolean;
}

export interface UndoLack {
  readonly action: string;
  readonly title: Message;
  readonly reason: Message;
}

export function createActionRegistry(specs: readonly ActionSpec[]): ActionRegistry {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const digests = new Map(specs.map((spec) => [spec.name, actionSchemaDigest(spec)]));
  const specOf = (action: string): ActionSpec => {
    const spec = byName.get(action);
    if (spec === undefined)
      throw new AppError('PLAN_ACTION_UNKNOWN', { action, near: nearest(action, [...byName.keys()]) });
    return spec;
  };
  return {
    check(requested) {
      const [first] = requested;
      if (first?.when === 'changed' || first?.when === 'failed')
        throw new AppError('PLAN_WHEN_NEVER', { action: first.action, when: first.when });
      const checked = requested.map((each) => checkOne(specOf(each.action), each));
      const schemas: Record<string, Digest> = {};
      for (const { action } of requested) schemas[action] = digests.get(action) ?? '';
      return {
        actions: checked.map(({ step }) => step),
        effect: strongest(checked.map(({ effect }) => effect)),
        timeoutMsMax: Math.min(...requested.map(({ action }) => specOf(action).timeoutMsMax)),
        schemas,
        permissions: [
          ...new Set(requested.flatMap((each) => each.permission ?? specOf(each.action).permission ?? [])),
        ],
      };
    },
    labelsAskedBy: (actions) => [
      ...new Set(
        actions.flatMap(({ action, parameters }) => byName.get(action)?.perHost?.labels(parameters) ?? []),
      ),
    ],
    fillLabels: (actions, labels) =>
      actions.map((each) => {
        const filled = byName.get(each.action)?.perHost?.fill(each.parameters, labels);
        // What a parameter schema takes is an object of JSON: the conformance suite of plugins holds it.
        return filled === undefined ? each : { ...each, parameters: filled as JsonObject };
      }),
    permissionsOf: (actions) => [
      ...new Set(actions.flatMap(({ action }) => byName.get(action)?.permission ?? [])),
    ],
    interruptionOf: (actions) => {
      const all = actions.map(
        ({ action, parameters }) => byName.get(action)?.interrupts(parameters) ?? 'host',
      );
      return INTERRUPTIONS[Math.max(0, ...all.map((each) => INTERRUPTIONS.indexOf(each)))] ?? 'host';
    },
    lackingUndo: (actions) => lackingUndo(byName, actions),
    recordsUndo: (actions) => actions.some(({ undo }) => undo !== null),
    effectOf: (actions) =>
      strongest(
        actions.map(({ action, parameters }) => byName.get(action)?.effect(parameters) ?? 'destructive'),
      ),
  };
}

function checkOne(
  spec: ActionSpec,
  wished: Pick<PlannedAction, 'parameters' | 'when'>,
): { step: StepAction; effect: EffectClass } {
  const parsed = spec.parameters.safeParse(wished.parameters);
  const wrong = parsed.success
    ? unknownMembers(wished.parameters, parsed.data)[0]
    : schemaProblem(spec.parameters, wished.parameters, parsed.error);
  if (wrong !== undefined) {
    const { path, problem } = wrong;
    const where = ['parameters', ...path].join('.');
    throw new AppError('PLAN_PARAMETERS_INVALID', { action: spec.name, problem, where });
  }
  // What a parameter schema puts out is an object of JSON: the conformance suite of plugins holds it.
  const parameters = parsed.data as JsonObject;
  if (canonicalJson(parameters).length > PARAMETERS_BYTES_MAX)
    throw new AppError('PLAN_PARAMETERS_TOO_LARGE', { action: spec.name, limitBytes: PARAMETERS_BYTES_MAX });
  const undo = spec.undo.kind === 'recorded' ? { kind: 'recorded' as const } : null;
  const when = wished.when === undefined ? {} : { when: wished.when };
  return {
    step: { action: spec.name, parameters, contents: [], undo, ...when },
    effect: spec.effect(parameters),
  };
}

function lackingUndo(byName: ReadonlyMap<string, ActionSpec>, actions: readonly StepAction[]): UndoLack[] {
  const lacks = new Map<string, UndoLack>();
  for (const { action, parameters, undo } of actions) {
    const spec = byName.get(action);
    if (undo !== null || spec?.effect(parameters) === 'read') continue;
    const title = spec?.title ?? { en: action, zh: action };
    lacks.set(action, { action, title, reason: spec?.undo.kind === 'none' ? spec.undo.reason : GONE });
  }
  return [...lacks.values()];
}

const GONE: Message = {
  en: 'the plugin that brought it is not installed any more',
  zh: '提供该操作的插件已不存在',
};

export const strongest = (effects: readonly EffectClass[]): EffectClass =>
  EFFECTS[Math.max(0, ...effects.map((effect) => EFFECTS.indexOf(effect)))] ?? 'destructive';

/** Names that a person may have meant: those of the same plugin, or with the same verb. */
function nearest(name: string, known: readonly string[]): string {
  const [plugin = '', verb = ''] = name.split('.');
  const near = known.filter((each) => each.startsWith(`${plugin}.`) || each.endsWith(`.${verb}`));
  return (near.length > 0 ? near : known).slice(0, 5).join(', ');
}
