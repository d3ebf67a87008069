import {
  canonicalJson,
  type Digest,
  type HostId,
  type MerkleTree,
  type Plan,
  rootOf,
  type Step,
  type StepAction,
  type TargetRequest,
} from '@pilothouse/contract';
import { fastProof } from './fast-tree.ts';

/** The part of a plan that lies beside its header: whom it means and what happens there. Hosts are in order of id. */
export interface PlanContent {
  readonly hosts: readonly { readonly id: HostId; readonly name: string }[];
  /** Each distinct list of actions once. */
  readonly actionLists: readonly (readonly StepAction[])[];
  /** For each host the index of its list. */
  readonly listOf: readonly number[];
  /** For each host the number of its wave from 0; null: the waves follow from the strategy alone. */
  readonly waveOf: readonly number[] | null;
  /** The request whole, with its host ids: what re-checks ask. */
  readonly target: TargetRequest;
  /**
   * What it takes beside `rollouts.start`, as it was when the plan was made: a plugin may have asked for less than the
   * actions name. Null for plans of a server that did not write it down: then what the actions name.
   */
  readonly permissions: readonly string[] | null;
}

/** A plan in memory. Steps are made when asked for. */
export interface LoadedPlan extends PlanContent {
  readonly plan: Plan;
  actionsOf(index: number): readonly StepAction[];
  step(index: number): Step;
  proof(index: number): Digest[];
}

export function stepOf(content: PlanContent, index: number): Step {
  const host = content.hosts[index];
  const actions = content.actionLists[content.listOf[index] ?? -1];
  if (host === undefined || actions === undefined) throw new RangeError(`no step ${index}`);
  const wave = content.waveOf?.[index];
  return { hostId: host.id, actions: [...actions], ...(wave === undefined ? {} : { wave }) };
}

/** The leaves of a plan's tree. Actions that steps share are put into canonical text once; a step's members stand in its order here. */
export function stepTexts(content: PlanContent): string[] {
  const actionTexts = content.actionLists.map((actions) => canonicalJson(actions));
  return content.hosts.map(({ id }, index) => {
    const actions = actionTexts[content.listOf[index] ?? -1];
    if (actions === undefined) throw new RangeError(`no step ${index}`);
    const wave = content.waveOf?.[index];
    const waveText = wave === undefined ? '' : `,"wave":${canonicalJson(wave)}`;
    return `{"actions":${actions},"hostId":${JSON.stringify(id)}${waveText}}`;
  });
}

/** `tree`: over the texts of its steps. */
export function loadedPlan(plan: Plan, content: PlanContent, tree: MerkleTree): LoadedPlan {
  return {
    ...content,
    plan,
    actionsOf: (index) => stepOf(content, index).actions,
    step: (index) => stepOf(content, index),
    proof: (index) => fastProof(tree, index),
  };
}

/** True when the content is what the header's root names: checked when a plan is read back. */
export const isContentOf = (plan: Plan, content: PlanContent, tree: MerkleTree): boolean =>
  content.hosts.length === plan.header.stepsCount &&
  (content.waveOf === null) === (plan.header.waves === undefined) &&
  rootOf(tree) === plan.header.stepsRoot;
