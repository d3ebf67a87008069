import { newId } from '@pilothouse/base';
import type { ActionSpec } from '@pilothouse/contract';
import {
  AppError,
  type Digest,
  digestOfJson,
  type EffectClass,
  type Interruption,
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
import type { Transaction } from '@pilothouse/store';
import type { Principal } from '../access/service.ts';
import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { HostEntry, HostsService, TargetResolver } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { PlanRequest } from '../rollouts/service.ts';
import type { SelectService } from '../select/service.ts';
import { type ActionRegistry, type CheckedActions, createActionRegistry } from './action-registry.ts';
import { completeStrategy, completeWindow } from './defaults.ts';
import { type LoadedPlan, loadedPlan, type PlanContent, treeOf } from './loaded-plan.ts';
import { createOfferedActions, type OfferedActions } from './offered-actions.ts';
import { type PlanNeeds, requireRights } from './require-rights.ts';
import { requireFreshFacts, resolveTargets, visibility } from './resolve-targets.ts';
import { insertPlan, readPlan, removePlans } from './store.ts';

/** Plans kept in memory with their trees: the active rollouts and what people look at. About 1 MB for 10,000 hosts. */
const LOADED_PLANS_MAX = 16;

export interface PlansDeps {
  readonly hosts: HostsService;
  readonly resolver: TargetResolver;
  readonly select: Pick<SelectService, 'compile'>;
  readonly audit: AuditService;
  readonly events: EventsService;
  /** Of the kernel and of all plugins. */
  readonly actions: readonly ActionSpec[];
}

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

/** Makes plans and reads them: the thing people review, sign and start. Runs nothing. */
export interface PlansService {
  readonly offered: OfferedActions;
  make(principal: Principal, request: PlanRequest, requestId: string | null): Promise<MadePlan>;
  makeFromSteps(principal: Principal, steps: KnownSteps, requestId: string | null): Promise<MadePlan>;
  /** Null when there is none. */
  load(digest: Digest): Promise<LoadedPlan | null>;
  effectOf(plan: LoadedPlan): EffectClass;
  /** What a list of actions interrupts on its host: what budgets read. */
  interruptionOf(actions: readonly StepAction[]): Interruption;
  /** Whether anything of the plan exists for this person. */
  isSeenBy(principal: Principal, plan: LoadedPlan): boolean;
  /**
   * AppError PLAN_HOST_FORBIDDEN or PLAN_PERMISSION_LACKING unless `principal` may run the plan on each of its hosts
   * that is still there.
   */
  requireStart(principal: Principal, plan: LoadedPlan): void;
  removeOld(
    transaction: Transaction,
    before: number,
    isUsed: (digests: readonly Digest[]) => Promise<ReadonlySet<Digest>>,
  ): Promise<number>;
}

export async function createPlans(context: KernelContext, deps: PlansDeps): Promise<PlansService> {
  const registry = createActionRegistry(deps.actions);
  const offered = await createOfferedActions(context);
  const loaded = new Map<Digest, LoadedPlan>();
  const remember = (plan: LoadedPlan): LoadedPlan => {
    loaded.delete(plan.plan.digest);
    loaded.set(plan.plan.digest, plan);
    const oldest = loaded.keys().next().value;
    if (loaded.size > LOADED_PLANS_MAX && oldest !== undefined) loaded.delete(oldest);
    return plan;
  };

  const save = (draft: Draft, principal: Principal, requestId: string | null) =>
    savePlan({ context, deps, offered, remember }, draft, { principal, requestId });
  const hostsOf = (plan: LoadedPlan): HostEntry[] =>
    plan.hosts.flatMap(({ id }) => deps.hosts.index.get(id) ?? []);

  return {
    offered,
    async make(principal, request, requestId) {
      const checked = registry.check(request.actions);
      const kind = request.defaults ?? 'run';
      const now = context.clock.now();
      const strategy = completeStrategy(kind, request.strategy, checked.timeoutMsMax);
      const window = completeWindow(kind, request, now);
      const { hosts, undetermined } = await resolveTargets(deps, principal, request.target);
      requireRights(principal, hosts, checked);
      requireFreshFacts(deps, hosts, { target: request.target, strategy, now });
      const draft: Draft = {
        title: request.title,
        target: request.target,
        hosts,
        undetermined,
        lists: [checked.actions],
        listOf: hosts.map(() => 0),
        schemas: checked.schemas,
        permissions: checked.permissions,
        strategy,
        ...window,
        retryOf: null,
      };
      return save(draft, principal, requestId);
    },
    async makeFromSteps(principal, steps, requestId) {
      const { permissions } = needsOf(registry, steps.retryOf);
      const check = (actions: readonly StepAction[]) => registry.check(actions);
      const draft = draftFromSteps(steps, { check, permissions, now: context.clock.now() });
      requireRights(principal, steps.hosts, { effect: registry.effectOf(draft.lists.flat()), permissions });
      return save(draft, principal, requestId);
    },
    async load(digest) {
      const known = loaded.get(digest) ?? (await readPlan(context.store, digest));
      return known === null ? null : remember(known);
    },
    interruptionOf: (actions) => registry.interruptionOf(actions),
    effectOf: (plan) => registry.effectOf(plan.actionLists.flat()),
    isSeenBy: (principal, plan) =>
      principal.scope('rollouts.read').isAll || hostsOf(plan).some(visibility(principal)),
    requireStart(principal, plan) {
      const hosts = hostsOf(plan);
      requireRights(principal, hosts, needsOf(registry, plan));
      if (hosts.length < plan.hosts.length && !principal.has('rollouts.start'))
        throw new AppError('FORBIDDEN', { permission: 'rollouts.start' });
    },
    removeOld: removePlans,
  };
}

function needsOf(registry: ActionRegistry, plan: LoadedPlan): PlanNeeds {
  const actions = plan.actionLists.flat();
  const permissions = plan.permissions ?? registry.permissionsOf(actions);
  return { effect: registry.effectOf(actions), permissions };
}

interface SaveDeps {
  readonly context: KernelContext;
  readonly deps: PlansDeps;
  readonly offered: OfferedActions;
  readonly remember: (plan: LoadedPlan) => LoadedPlan;
}

async function savePlan(
  { context, deps, offered, remember }: SaveDeps,
  draft: Draft,
  { principal, requestId }: { principal: Principal; requestId: string | null },
): Promise<MadePlan> {
  const { plan, content, tree } = finishPlan(draft, principal, {
    now: context.clock.now(),
    nonce: newId('n', context.ids),
  });
  await context.store.transaction(async (transaction) => {
    await insertPlan(transaction, plan, content);
    const details = { title: plan.header.title, hosts: content.hosts.length };
    await deps.audit.append(transaction, [
      { actor: principal.actor, action: 'plan.made', subject: plan.digest, details, requestId },
    ]);
    await deps.events.publish(transaction, [
      { type: 'plans.made', hostId: null, data: { digest: plan.digest, ...details } },
    ]);
  });
  remember(loadedPlan(plan, content, tree));
  return report(plan, draft, offered);
}

interface Draft {
  readonly title: string;
  readonly target: TargetRequest;
  readonly hosts: readonly HostEntry[];
  readonly undetermined: readonly HostEntry[];
  readonly lists: readonly (readonly StepAction[])[];
  readonly listOf: readonly number[];
  readonly schemas: Readonly<Record<string, Digest>>;
  readonly permissions: readonly string[];
  readonly strategy: Strategy;
  readonly notBefore: number;
  readonly expiresAt: number;
  readonly retryOf: Digest | null;
}

/** The old steps are checked again: a plugin may have changed what an action takes since. */
function draftFromSteps(
  steps: KnownSteps,
  known: {
    readonly check: (actions: readonly StepAction[]) => CheckedActions;
    readonly permissions: readonly string[];
    readonly now: number;
  },
): Draft {
  const { permissions, now } = known;
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
  const retryOf = steps.retryOf.plan.digest;
  const window = { notBefore: now, expiresAt: now + steps.expiresInMs };
  const content = { lists, listOf, schemas, permissions };
  return { hosts, target, title, strategy, retryOf, ...content, undetermined: [], ...window };
}

function finishPlan(draft: Draft, principal: Principal, made: { now: number; nonce: string }) {
  const content: PlanContent = {
    hosts: draft.hosts.map(({ id, name }) => ({ id, name })),
    actionLists: draft.lists,
    listOf: draft.listOf,
    target: draft.target,
    permissions: draft.permissions,
  };
  const tree = treeOf(content);
  const { selector, groups, hostIds } = draft.target;
  const header: PlanHeader = {
    version: 1,
    title: draft.title,
    createdBy: principal.actor.name,
    createdAt: toTimestamp(made.now),
    notBefore: toTimestamp(draft.notBefore),
    expiresAt: toTimestamp(draft.expiresAt),
    target: {
      ...(selector === undefined ? {} : { selector }),
      ...(groups === undefined ? {} : { groups }),
      ...(hostIds?.length ? { hosts: { count: hostIds.length, digest: digestOfJson(hostIds) } } : {}),
    },
    strategy: draft.strategy,
    actionSchemas: draft.schemas,
    stepsRoot: rootOf(tree),
    stepsCount: draft.hosts.length,
    nonce: made.nonce,
    retryOf: draft.retryOf,
  };
  const plan: Plan = { digest: planDigest(header), header };
  return { plan, content, tree };
}

function report(plan: Plan, draft: Draft, offered: OfferedActions): MadePlan {
  const lacking: LackingHost[] = [];
  for (const { id, name } of draft.hosts) {
    const lack = offered.lackOf(id, draft.schemas);
    if (lack !== null) lacking.push({ hostId: id, hostName: name, ...lack });
  }
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
