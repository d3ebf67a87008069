import {
  type Digest,
  digestOfJson,
  type LackingHost,
  type MadePlan,
  PLAN_REPORT_HOSTS_MAX,
  type Plan,
  type PlanHeader,
  planDigest,
  rootOf,
  type StepAction,
  type Strategy,
  type TargetRequest,
  toTimestamp,
} from '@pilothouse/contract';
import type { HostEntry } from '../hosts/service.ts';
import { treeInSlices } from './fast-tree.ts';
import { type LoadedPlan, loadedPlan, type PlanContent, stepTexts } from './loaded-plan.ts';
import type { OfferedActions } from './offered-actions.ts';
import type { WavePlan } from './waves/plan-waves.ts';

/** All that a plan will say, before it has its name. */
export interface Draft {
  readonly title: string;
  readonly target: TargetRequest;
  /** In order of id. */
  readonly hosts: readonly HostEntry[];
  readonly undetermined: readonly HostEntry[];
  readonly lists: readonly (readonly StepAction[])[];
  readonly listOf: readonly number[];
  readonly schemas: Readonly<Record<string, Digest>>;
  readonly permissions: readonly string[];
  readonly strategy: Strategy;
  /** Null: the waves follow from the strategy alone. */
  readonly waves: WavePlan | null;
  readonly notBefore: number;
  readonly expiresAt: number;
  readonly retryOf: Digest | null;
  /** Null: it undoes nothing. */
  readonly rollbackOf: Digest | null;
}

export interface Made {
  readonly by: string;
  readonly now: number;
  readonly nonce: string;
}

export async function finishPlan(draft: Draft, made: Made): Promise<LoadedPlan> {
  const content: PlanContent = {
    hosts: draft.hosts.map(({ id, name }) => ({ id, name })),
    actionLists: draft.lists,
    listOf: draft.listOf,
    waveOf: draft.waves?.waveOf ?? null,
    target: draft.target,
    permissions: draft.permissions,
  };
  const tree = await treeInSlices(stepTexts(content));
  const { selector, groups, hostIds } = draft.target;
  const header: PlanHeader = {
    version: 1,
    title: draft.title,
    createdBy: made.by,
    createdAt: toTimestamp(made.now),
    notBefore: toTimestamp(draft.notBefore),
    expiresAt: toTimestamp(draft.expiresAt),
    target: {
      ...(selector === undefined ? {} : { selector }),
      ...(groups === undefined ? {} : { groups }),
      ...(hostIds?.length ? { hosts: { count: hostIds.length, digest: digestOfJson(hostIds) } } : {}),
    },
    strategy: draft.strategy,
    ...(draft.waves === null ? {} : { waves: [...draft.waves.waves] }),
    actionSchemas: draft.schemas,
    stepsRoot: rootOf(tree),
    stepsCount: draft.hosts.length,
    nonce: made.nonce,
    retryOf: draft.retryOf,
    ...(draft.rollbackOf === null ? {} : { rollbackOf: draft.rollbackOf }),
  };
  const plan: Plan = { digest: planDigest(header), header };
  return loadedPlan(plan, content, tree);
}

/** Hosts whose agent, as last heard, cannot carry it out. */
export function lackingHosts(
  hosts: LoadedPlan['hosts'],
  schemas: Readonly<Record<string, Digest>>,
  offered: OfferedActions,
): LackingHost[] {
  const lacking: LackingHost[] = [];
  for (const { id, name } of hosts) {
    const lack = offered.lackOf(id, schemas);
    if (lack !== null) lacking.push({ hostId: id, hostName: name, ...lack });
  }
  return lacking;
}

export function reportPlan(plan: Plan, draft: Draft, offered: OfferedActions): MadePlan {
  const lacking = lackingHosts(draft.hosts, draft.schemas, offered);
  return {
    plan,
    hostsCount: draft.hosts.length,
    undeterminedCount: draft.undetermined.length,
    undetermined: draft.undetermined
      .slice(0, PLAN_REPORT_HOSTS_MAX)
      .map(({ id, name }) => ({ hostId: id, hostName: name })),
    lackingCount: lacking.length,
    lacking: lacking.slice(0, PLAN_REPORT_HOSTS_MAX),
  };
}
