import { newId } from '@pilothouse/base';
import type { ActionSpec } from '@pilothouse/contract';
import {
  type Actor,
  AppError,
  type Digest,
  type EffectClass,
  type MadePlan,
  type StepAction,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { Principal } from '../access/service.ts';
import type { AuditService } from '../audit/service.ts';
import type { EventsService } from '../events/service.ts';
import type { HostEntry, HostsService, TargetResolver } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { PlanRequest } from '../rollouts/service.ts';
import type { SelectService } from '../select/service.ts';
import { type ActionRegistry, createActionRegistry, type UndoLack } from './action-registry.ts';
import { actionsByHost } from './actions-by-host.ts';
import { requireSound, type StrategyJudges, waveSizesOf } from './check-strategy.ts';
import { completeStrategy, completeWindow } from './defaults.ts';
import {
  carryOverGates,
  carryOverWaves,
  draftFromSteps,
  type KnownSteps,
  waveMembers,
} from './draft-from-steps.ts';
import { draftRollback, type RollbackRequest } from './draft-rollback.ts';
import type { LoadedPlan } from './loaded-plan.ts';
import { createOfferedActions, type OfferedActions } from './offered-actions.ts';
import { type Draft, finishPlan, reportPlan } from './plan-draft.ts';
import { needsOf, planEffect, probePermissions } from './plan-needs.ts';
import { requireRights } from './require-rights.ts';
import { requireFreshFacts, resolveTargets, visibility } from './resolve-targets.ts';
import { insertPlan, readPlan, removePlans } from './store.ts';
import { resolveWaves } from './waves/resolve-waves.ts';

/** Plans kept in memory with their trees: the active rollouts and what people look at. About 1 MB for 10,000 hosts. */
const LOADED_PLANS_MAX = 16;

export interface PlansDeps extends StrategyJudges {
  readonly hosts: HostsService;
  readonly resolver: TargetResolver;
  readonly select: Pick<SelectService, 'compile'>;
  readonly audit: AuditService;
  readonly events: EventsService;
  /** Of the kernel and of all plugins. */
  readonly actions: readonly ActionSpec[];
}

/** Makes plans and reads them: the thing people review, sign and start. Runs nothing. */
export interface PlansService {
  readonly offered: OfferedActions;
  make(principal: Principal, request: PlanRequest, requestId: string | null): Promise<MadePlan>;
  /** The same without keeping it: for people who want to see first. Nobody can start it. */
  sketch(principal: Principal, request: PlanRequest): Promise<{ plan: LoadedPlan; made: MadePlan }>;
  /** `leftOutGates`: comparisons that could not be fair any more. */
  makeFromSteps(
    principal: Principal,
    steps: KnownSteps,
    requestId: string | null,
  ): Promise<{ readonly made: MadePlan; readonly leftOutGates: string[] }>;
  /**
   * A plan that undoes what another one changed on the hosts where its task started, in reversed waves. `principal` null:
   * the rollout itself asks, because its plan said so; otherwise the person needs what starting the plan takes. AppError
   * PLAN_ROLLBACK_IMPOSSIBLE, ROLLOUT_NOTHING_TO_UNDO.
   */
  makeRollback(by: RollbackMaker, request: RollbackRequest): Promise<MadePlan>;
  /** The same without keeping it. */
  sketchRollback(by: RollbackMaker, request: RollbackRequest): Promise<{ plan: LoadedPlan; made: MadePlan }>;
  /** Null when there is none. */
  load(digest: Digest): Promise<LoadedPlan | null>;
  effectOf(plan: LoadedPlan): EffectClass;
  /** What a rollback of the plan could not restore. */
  lackingUndo(plan: LoadedPlan): UndoLack[];
  recordsUndo(plan: LoadedPlan): boolean;
  interruptionOf(actions: readonly StepAction[]): ReturnType<ActionRegistry['interruptionOf']>;
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

export interface RollbackMaker {
  readonly principal: Principal | null;
  readonly actor: Actor;
  readonly requestId: string | null;
}

export async function createPlans(context: KernelContext, deps: PlansDeps): Promise<PlansService> {
  const registry = createActionRegistry(deps.actions);
  const offered = await createOfferedActions(context);
  const remember = createMemory();
  const parts: Parts = { context, deps, registry, offered };
  const hostsOf = (plan: LoadedPlan): HostEntry[] =>
    plan.hosts.flatMap(({ id }) => deps.hosts.index.get(id) ?? []);
  const keep = async (draft: Draft, by: Keeper): Promise<MadePlan> => {
    const plan = await finish(parts, draft, by.actor.name);
    await savePlan(parts, plan, by);
    remember.put(plan);
    return reportPlan(plan.plan, draft, offered);
  };
  const show = async (draft: Draft, by: Actor) => {
    const plan = await finish(parts, draft, by.name);
    return { plan, made: reportPlan(plan.plan, draft, offered) };
  };

  return {
    offered,
    make: async (principal, request, requestId) =>
      keep(await draftPlan(parts, principal, request), { actor: principal.actor, requestId }),
    sketch: async (principal, request) => show(await draftPlan(parts, principal, request), principal.actor),
    async makeFromSteps(principal, steps, requestId) {
      const { draft, leftOutGates } = await draftRetry(parts, principal, steps);
      return { made: await keep(draft, { actor: principal.actor, requestId }), leftOutGates };
    },
    makeRollback: async (by, request) => keep(draftUndo(parts, by, request), by),
    sketchRollback: async (by, request) => show(draftUndo(parts, by, request), by.actor),
    async load(digest) {
      const known = remember.get(digest) ?? (await readPlan(context.store, digest));
      return known === null ? null : remember.put(known);
    },
    effectOf: (plan) => planEffect(registry, plan.actionLists.flat(), plan.plan.header.strategy),
    lackingUndo: (plan) => registry.lackingUndo(plan.actionLists.flat()),
    recordsUndo: (plan) => registry.recordsUndo(plan.actionLists.flat()),
    interruptionOf: (actions) => registry.interruptionOf(actions),
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

interface Parts {
  readonly context: KernelContext;
  readonly deps: PlansDeps;
  readonly registry: ActionRegistry;
  readonly offered: OfferedActions;
}

function createMemory() {
  const loaded = new Map<Digest, LoadedPlan>();
  return {
    get: (digest: Digest) => loaded.get(digest),
    put(plan: LoadedPlan): LoadedPlan {
      loaded.delete(plan.plan.digest);
      loaded.set(plan.plan.digest, plan);
      const oldest = loaded.keys().next().value;
      if (loaded.size > LOADED_PLANS_MAX && oldest !== undefined) loaded.delete(oldest);
      return plan;
    },
  };
}

async function draftPlan(
  { context, deps, registry }: Parts,
  principal: Principal,
  request: PlanRequest,
): Promise<Draft> {
  const checked = registry.check(request.actions);
  const { actions } = checked;
  const kind = request.defaults ?? 'run';
  const now = context.clock.now();
  const { hosts, undetermined } = await resolveTargets(deps, principal, request.target);
  const strategy = completeStrategy(kind, request.strategy, {
    timeoutMsMax: checked.timeoutMsMax,
    hostsCount: hosts.length,
  });
  const window = completeWindow(kind, request, now);
  const permissions = [...new Set([...checked.permissions, ...probePermissions(strategy)])];
  const effect = planEffect(registry, actions, strategy);
  requireRights(principal, hosts, { effect, permissions });
  requireFreshFacts(deps, hosts, { target: request.target, strategy, now });
  if (strategy.onFailure === 'rollback' && !registry.recordsUndo(actions))
    throw new AppError('PLAN_ROLLBACK_IMPOSSIBLE', {
      actions: actions.map((each) => each.action).join(', '),
    });
  const waves = await resolveWaves(deps, strategy, hosts);
  await requireSound(deps, {
    strategy,
    hosts,
    waveSizes: waves?.waves.map((wave) => wave.hostsCount) ?? waveSizesOf(strategy, hosts.length),
    interrupts: registry.interruptionOf(actions),
    isChanging: effect !== 'read' && request.isDryRunOnly !== true,
    ...window,
    notBefore: Math.max(now, window.notBefore),
  });
  return {
    title: request.title,
    target: request.target,
    hosts,
    undetermined,
    ...actionsByHost(registry, actions, hosts),
    schemas: checked.schemas,
    permissions,
    strategy,
    waves,
    ...window,
    retryOf: null,
    rollbackOf: null,
  };
}

async function draftRetry(
  { context, deps, registry }: Parts,
  principal: Principal,
  steps: KnownSteps,
): Promise<{ draft: Draft; leftOutGates: string[] }> {
  const { permissions } = needsOf(registry, steps.retryOf);
  const waves = (await resolveWaves(deps, steps.strategy, steps.hosts)) ?? carryOverWaves(steps);
  const waveSizes =
    waves?.waves.map((wave) => wave.hostsCount) ?? waveSizesOf(steps.strategy, steps.hosts.length);
  const { gates: given = [], ...plain } = steps.strategy;
  const { gates, leftOut } = steps.areGatesGiven
    ? { gates: given, leftOut: [] }
    : carryOverGates(
        given,
        waveMembers(steps.hosts, { sizes: waveSizes, waveOf: waves?.waveOf ?? null }, steps.touchedBefore),
      );
  const strategy = gates.length === 0 ? plain : { ...plain, gates };
  const draft = draftFromSteps(
    { ...steps, strategy },
    { check: (actions) => registry.check(actions), permissions, now: context.clock.now(), waves },
  );
  const actions = draft.lists.flat();
  const effect = planEffect(registry, actions, strategy);
  requireRights(principal, steps.hosts, { effect, permissions });
  const interrupts = registry.interruptionOf(actions);
  await requireSound(deps, { ...draft, waveSizes, interrupts, isChanging: effect !== 'read' });
  return { draft, leftOutGates: leftOut };
}

function draftUndo({ context, deps, registry }: Parts, by: RollbackMaker, request: RollbackRequest): Draft {
  const { plan } = request;
  const actions = plan.actionLists.flat();
  if (!registry.recordsUndo(actions))
    throw new AppError('PLAN_ROLLBACK_IMPOSSIBLE', {
      actions: [...new Set(actions.map((each) => each.action))].join(', '),
    });
  const draft = draftRollback(request, {
    now: context.clock.now(),
    hostOf: (hostId) => deps.hosts.index.get(hostId) ?? null,
    check: (wished) => registry.check(wished),
    // Whoever was let start the plan is let undo it, and nobody else: what it asked for holds here, too.
    permissions: needsOf(registry, plan).permissions,
  });
  if (by.principal !== null) {
    const effect = registry.effectOf(draft.lists.flat());
    requireRights(by.principal, draft.hosts, { effect, permissions: draft.permissions });
  }
  return draft;
}

const finish = ({ context }: Parts, draft: Draft, by: string): Promise<LoadedPlan> =>
  finishPlan(draft, { by, now: context.clock.now(), nonce: newId('n', context.ids) });

interface Keeper {
  readonly actor: Actor;
  readonly requestId: string | null;
}

async function savePlan({ context, deps }: Parts, plan: LoadedPlan, by: Keeper): Promise<void> {
  const { digest, header } = plan.plan;
  const { actor, requestId } = by;
  await context.store.transaction(async (transaction) => {
    await insertPlan(transaction, plan.plan, plan);
    const details = { title: header.title, hosts: plan.hosts.length };
    await deps.audit.append(transaction, [
      { actor, action: 'plan.made', subject: digest, details, requestId },
    ]);
    await deps.events.publish(transaction, [
      { type: 'plans.made', hostId: null, data: { digest, ...details } },
    ]);
  });
}
