import {
  type Digest,
  digestOfJson,
  type Gate,
  type StepAction,
  type Strategy,
  type TargetRequest,
} from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import type { CheckedActions } from './action-registry.ts';
import type { LoadedPlan } from './loaded-plan.ts';
import type { Draft } from './plan-draft.ts';
import type { WavePlan } from './waves/plan-waves.ts';

/** Hosts with what is to run there, for a plan whose steps are already known (a retry). */
export interface KnownSteps {
  readonly hosts: readonly HostEntry[];
  readonly actionsOf: (host: HostEntry) => readonly StepAction[];
  readonly target: TargetRequest;
  readonly title: string;
  readonly strategy: Strategy;
  readonly expiresInMs: number;
  readonly retryOf: LoadedPlan;
}

/** The old steps are checked again: a plugin may have changed what an action takes since. */
export function draftFromSteps(
  steps: KnownSteps,
  known: {
    readonly check: (actions: readonly StepAction[]) => CheckedActions;
    readonly permissions: readonly string[];
    readonly now: number;
    readonly waves: WavePlan | null;
  },
): Draft {
  const { permissions, now, waves } = known;
  const indexByDigest = new Map<Digest, number>();
  const lists: (readonly StepAction[])[] = [];
  let schemas: Record<string, Digest> = {};
  const listOf = steps.hosts.map((host) => {
    const actions = steps.actionsOf(host);
    const digest = digestOfJson(actions);
    const index = indexByDigest.get(digest);
    if (index !== undefined) return index;
    const checked = known.check(actions);
    schemas = { ...schemas, ...checked.schemas };
    indexByDigest.set(digest, lists.length);
    return lists.push(checked.actions) - 1;
  });
  const { hosts, target, title, strategy } = steps;
  const { digest, header } = steps.retryOf.plan;
  const origin = { retryOf: digest, rollbackOf: header.rollbackOf ?? null };
  const window = { notBefore: now, expiresAt: now + steps.expiresInMs };
  const content = { lists, listOf, schemas, permissions, waves };
  return { hosts, target, title, strategy, ...origin, ...content, undetermined: [], ...window };
}

/**
 * A retry has fewer hosts and so fewer waves: a gate that stood after a later wave stands after the last. A comparison
 * falls away: the hosts that were not touched then have been by now, so there is no fair control left.
 */
export const carryOverGates = (gates: readonly Gate[], wavesCount: number): Gate[] =>
  gates
    .filter((gate) => gate.kind !== 'compare')
    .map((gate) => (gate.after === 'each' ? gate : { ...gate, after: Math.min(gate.after, wavesCount) }));

/** Waves that no strategy says again, such as those of an undo, stay as they were, without the hosts that are done. */
export function carryOverWaves({ hosts, retryOf }: Pick<KnownSteps, 'hosts' | 'retryOf'>): WavePlan | null {
  const { header } = retryOf.plan;
  if (header.rollbackOf === undefined || header.waves === undefined) return null;
  const waveOfHost = new Map(retryOf.hosts.map(({ id }, index) => [id, retryOf.waveOf?.[index] ?? 0]));
  const old = hosts.map(({ id }) => waveOfHost.get(id) ?? 0);
  const left = [...new Set(old)].sort((a, b) => a - b);
  if (left.length < 2) return null;
  return {
    waves: left.map((wave) => ({
      name: header.waves?.[wave]?.name ?? `wave ${wave + 1}`,
      hostsCount: old.filter((each) => each === wave).length,
    })),
    waveOf: old.map((wave) => left.indexOf(wave)),
  };
}
