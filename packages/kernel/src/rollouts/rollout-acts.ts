import { newId } from '@pilothouse/base';
import {
  AppError,
  type Authority,
  type JsonObject,
  type Rollout,
  type RolloutState,
} from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostsService } from '../hosts/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import type { LoadedPlan, PlansService } from '../plans/index.ts';
import { type ActiveRollout, recordOf, viewRollout } from './driver/active-rollout.ts';
import { isAwaiting } from './driver/authority-watch.ts';
import type { Batch, By } from './driver/batch.ts';
import type { Driver } from './driver/create-driver.ts';
import { activeFrom, authorityFor, freshState } from './driver/load-active.ts';
import { gateNow, type Input, type Missing, refusalOf } from './engine/index.ts';
import { type RolloutRecord, readRollout, readRunOf } from './rollout-store.ts';

export interface ActsDeps {
  readonly context: KernelContext;
  readonly plans: PlansService;
  readonly hosts: HostsService;
  readonly driver: Driver;
}

/** Who asks, in which request. */
export interface Asker {
  readonly principal: Principal;
  readonly requestId: string | null;
}

export interface StartOptions {
  readonly planDigest: string;
  readonly kind: 'run' | 'dry-run';
  readonly retryOf: string | null;
  readonly rollbackOf?: string;
}

export async function startRollout(deps: ActsDeps, asker: Asker, options: StartOptions): Promise<Rollout> {
  const { context, plans, driver } = deps;
  const plan = await plans.load(options.planDigest);
  if (plan === null || !plans.isSeenBy(asker.principal, plan))
    throw new AppError('NOT_FOUND', { what: 'plan', id: options.planDigest });
  plans.requireStart(asker.principal, plan);
  const { header } = plan.plan;
  if (Date.parse(header.expiresAt) <= context.clock.now())
    throw new AppError('PLAN_EXPIRED', { expiresAt: header.expiresAt });
  const record = newRecord(deps, plan, asker.principal.actor.name, options);
  const by = { actor: asker.principal.actor, requestId: asker.requestId };
  const { authority } = driver;
  const signed = await authorityFor(authority, options.planDigest, plan);
  // A dry run changes nothing: nobody has to approve it.
  const lacking = options.kind === 'run' ? await authority.missingFor(plan.plan) : null;
  const missing = lacking?.approvals ?? null;
  const rollout = await adoptRollout(deps, { record, plan, authority: signed, missing }, by);
  // Whoever approved it or lost the right to since we asked was not heard by anybody.
  if (isAwaiting(rollout)) driver.checkAuthority(options.planDigest);
  return rollout;
}

interface NewRollout {
  readonly record: ReturnType<typeof newRecord>;
  readonly plan: LoadedPlan;
  readonly authority: Authority | undefined;
  readonly missing: Missing | null;
}

/** Brings a new rollout to life, in one commit with what `also` does. */
export async function adoptRollout(
  { plans, driver, ...deps }: ActsDeps,
  { record, plan, authority, missing }: NewRollout,
  by: By,
  also?: (batch: Batch, active: ActiveRollout) => void,
): Promise<Rollout> {
  const state = freshState(record, plan, missing);
  const active = activeFrom({ plans, plan, record, state, changeSequence: 0, authority });
  await driver.loop.run(async (batch) => {
    await refuseSecondRun({ ...deps, driver }, record);
    batch.touch(active).isNew = true;
    driver.adopt(active);
    const { title, hostsCount, retryOf, kind, rollbackOf } = record.fixed;
    const origin = { retryOf, ...(rollbackOf === undefined ? {} : { rollbackOf }) };
    const details = { planDigest: record.planDigest, kind, title, hosts: hostsCount, ...origin };
    batch.audits.push({ ...by, action: 'rollout.created', subject: active.id, details });
    batch.events.push({
      type: 'rollouts.created',
      hostId: null,
      data: { rolloutId: active.id, ...details },
    });
    also?.(batch, active);
    batch.feed(active, { kind: 'tick' }, by);
  });
  return viewRollout(recordOf(active));
}

export function newRecord(deps: ActsDeps, plan: LoadedPlan, createdBy: string, options: StartOptions) {
  const { header } = plan.plan;
  const now = deps.context.clock.now();
  return {
    id: newId('r', deps.context.ids),
    planDigest: options.planDigest,
    revision: 0,
    fixed: {
      kind: options.kind,
      title: header.title,
      createdBy,
      createdAt: now,
      notBefore: Date.parse(header.notBefore),
      expiresAt: Date.parse(header.expiresAt),
      retryOf: options.retryOf,
      ...(options.rollbackOf === undefined ? {} : { rollbackOf: options.rollbackOf }),
      ...(header.waves === undefined ? {} : { wavesCount: header.waves.length }),
      strategy: header.strategy,
      target: header.target,
      hostsCount: plan.hosts.length,
    },
  };
}

/** Agents run each step of a plan once, so a second run of it could only be refused ten thousand times. */
async function refuseSecondRun(
  deps: Pick<ActsDeps, 'driver' | 'context'>,
  { planDigest, fixed }: Pick<RolloutRecord, 'planDigest' | 'fixed'>,
): Promise<void> {
  if (fixed.kind === 'dry-run') return;
  const live = [...deps.driver.active.values()].find(
    (active) => active.planDigest === planDigest && active.fixed.kind === 'run',
  );
  const rolloutId = live?.id ?? (await readRunOf(deps.context.store, planDigest));
  if (rolloutId !== null) throw new AppError('PLAN_ALREADY_STARTED', { rolloutId });
}

export type Act =
  | { readonly kind: 'pause'; readonly reason: string }
  | { readonly kind: 'resume' }
  | { readonly kind: 'cancel'; readonly endRunning: boolean }
  /** "Go on", at the gate that asks for it. */
  | { readonly kind: 'confirm'; readonly gate: string };

/** Pauses, resumes or cancels; durable on return. */
export async function actOnRollout(
  deps: ActsDeps,
  asker: Asker,
  rolloutId: string,
  act: Act,
): Promise<Rollout> {
  const record = await readKnown(deps, rolloutId);
  const plan = await deps.plans.load(record.planDigest);
  if (plan !== null) requireAllHosts(deps.hosts, asker.principal, plan, 'rollouts.control');
  // Going on starts work anew, which stopping never does: whoever may not start it may only stop it.
  const isGoingOn = act.kind === 'resume' || act.kind === 'confirm';
  if (plan !== null && isGoingOn) deps.plans.requireStart(asker.principal, plan);
  // Who paused it before it began may have waited for longer than people stand by what they said.
  const lacking =
    act.kind === 'resume' && plan !== null && record.fixed.kind === 'run'
      ? await deps.driver.authority.missingFor(plan.plan)
      : null;
  let after: ActiveRollout | null = null;
  const by = { actor: asker.principal.actor, requestId: asker.requestId };
  await deps.driver.loop.run(async (batch) => {
    const active = deps.driver.active.get(rolloutId);
    if (active === undefined) throw conflict((await readKnown(deps, rolloutId)).state, act.kind, rolloutId);
    if (refusalOf(active.state, act.kind) !== null) throw conflict(active.state.state, act.kind, rolloutId);
    const waitsAt = act.kind === 'confirm' ? (gateNow(active)?.name ?? '') : '';
    if (act.kind === 'confirm' && act.gate !== waitsAt)
      throw new AppError('ROLLOUT_GATE_NOT_NOW', { gate: act.gate, waitsAt, rolloutId });
    const details: JsonObject = act.kind === 'resume' ? {} : { ...act };
    batch.audits.push({ ...by, action: `rollout.${act.kind}-asked`, subject: rolloutId, details });
    if (act.kind === 'resume')
      batch.feed(active, { kind: 'authority', missing: lacking?.approvals ?? null }, by);
    batch.feed(active, inputOf(act, by.actor.name), by);
    after = active;
  });
  const rollout = viewRollout(after === null ? record : recordOf(after));
  if (act.kind === 'resume' && isAwaiting(rollout)) deps.driver.checkAuthority(rollout.planDigest);
  return rollout;
}

const inputOf = (act: Act, by: string): Input => ({ ...act, by });

const conflict = (state: RolloutState, act: string, rolloutId: string): AppError =>
  new AppError('ROLLOUT_STATE_CONFLICT', { state, act, rolloutId });

export async function readKnown(
  deps: Pick<ActsDeps, 'driver' | 'context'>,
  rolloutId: string,
): Promise<RolloutRecord> {
  const active = deps.driver.active.get(rolloutId);
  if (active !== undefined) return recordOf(active);
  const record = await readRollout(deps.context.store, rolloutId);
  if (record === null) throw new AppError('NOT_FOUND', { what: 'rollout', id: rolloutId });
  return record;
}

/** An act on a whole rollout needs the permission on all of its hosts that are still there. */
export function requireAllHosts(
  hosts: HostsService,
  principal: Principal,
  plan: LoadedPlan,
  permission: string,
): void {
  const scope = principal.scope(permission);
  if (scope.isAll) return;
  const outside = plan.hosts.filter(({ id }) => {
    const host = hosts.index.get(id);
    return host !== undefined && (scope.isNone || !scope.includes(host));
  });
  if (outside.length > 0 || scope.isNone)
    throw new AppError('ROLLOUT_FORBIDDEN', { count: outside.length, permission });
}
