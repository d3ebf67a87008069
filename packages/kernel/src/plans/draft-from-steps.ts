import {
  type Digest,
  digestOfJson,
  type Gate,
  type HostId,
  type StepAction,
  type Strategy,
  type TargetRequest,
} from '@pilothouse/contract';
import { chancePerLook, smallestP } from '../gates/index.ts';
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
  /** Somebody said these gates for this very plan: none of them falls away, and one that cannot be passed is refused. */
  readonly areGatesGiven: boolean;
  /** Hosts that an earlier attempt may have changed. */
  readonly touchedBefore: ReadonlySet<HostId>;
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

/** How many hosts of each wave a comparison may take for untouched while their turn has not come. */
export interface WaveMembers {
  readonly hostsCount: number;
  readonly freshCount: number;
}

/**
 * A retry has fewer hosts and so fewer waves: a gate that stood after a later wave stands after the last. A comparison
 * stays where enough hosts that no attempt touched are left to compare with, and falls away where it could never be passed.
 */
export function carryOverGates(
  gates: readonly Gate[],
  waves: readonly WaveMembers[],
): { readonly gates: Gate[]; readonly leftOut: string[] } {
  const moved = gates.map((gate) =>
    gate.after === 'each' ? gate : { ...gate, after: Math.min(gate.after, waves.length) },
  );
  const isKept = (gate: Gate): boolean => gate.kind !== 'compare' || isComparable(gate, waves);
  return {
    gates: moved.filter(isKept),
    leftOut: moved.filter((gate) => !isKept(gate)).map((gate) => gate.name),
  };
}

function isComparable(gate: Extract<Gate, { kind: 'compare' }>, waves: readonly WaveMembers[]): boolean {
  if (waves.length < 2 || gate.after === waves.length) return false;
  const alpha = chancePerLook(gate, waves.length);
  let touched = 0;
  let fresh = waves.reduce((sum, wave) => sum + wave.freshCount, 0);
  for (const [index, wave] of waves.slice(0, -1).entries()) {
    touched += wave.hostsCount;
    fresh -= wave.freshCount;
    if (gate.after !== 'each' && gate.after !== index + 1) continue;
    if (fresh === 0 || smallestP(touched, fresh) > alpha) return false;
  }
  return true;
}

/** The waves of a retry with what they hold. */
export function waveMembers(
  hosts: readonly HostEntry[],
  waves: { readonly sizes: readonly number[]; readonly waveOf: readonly number[] | null },
  touchedBefore: ReadonlySet<HostId>,
): WaveMembers[] {
  const fresh = waves.sizes.map(() => 0);
  // Without waves of their own, hosts fill them in order.
  const ends = waves.sizes.map((_, wave) =>
    waves.sizes.slice(0, wave + 1).reduce((sum, size) => sum + size, 0),
  );
  for (const [index, { id }] of hosts.entries()) {
    if (touchedBefore.has(id)) continue;
    const wave = waves.waveOf?.[index] ?? ends.findIndex((end) => index < end);
    fresh[wave] = (fresh[wave] ?? 0) + 1;
  }
  return waves.sizes.map((hostsCount, wave) => ({ hostsCount, freshCount: fresh[wave] ?? 0 }));
}

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
