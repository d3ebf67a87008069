import { AppError, planRoutes } from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import type { HostsService, TargetResolver } from '../hosts/service.ts';
import { type Endpoint, endpoint } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { heldCount, pageCursor, readCursor } from '../page-cursor.ts';
import type { PlansService } from './create-plans.ts';
import { listPlans, type RunsOf } from './list-plans.ts';
import type { LoadedPlan } from './loaded-plan.ts';
import { type PreviewDeps, previewPlan } from './preview-plan.ts';
import { visibility } from './resolve-targets.ts';

export interface PlanEndpointsDeps extends PreviewDeps {
  readonly plans: PlansService;
  readonly hosts: HostsService;
  readonly resolver: TargetResolver;
  readonly context: Pick<KernelContext, 'clock' | 'store'>;
  readonly runsOf: RunsOf;
}

export function planEndpoints(deps: PlanEndpointsDeps): Endpoint[] {
  const seen = async (principal: Principal, digest: string): Promise<LoadedPlan> => {
    const plan = await deps.plans.load(digest);
    const isInScope = readScope(deps.hosts, principal);
    if (plan === null || !plan.hosts.some(({ id }) => isInScope(id)))
      throw new AppError('NOT_FOUND', { what: 'plan', id: digest });
    return plan;
  };
  const preview = async (principal: Principal, plan: LoadedPlan) =>
    previewPlan(deps, plan, {
      isInScope: readScope(deps.hosts, principal),
      now: deps.context.clock.now(),
      matchingNow: await matchingNow(deps, principal, plan),
    });
  return [
    endpoint(planRoutes.create, async ({ principal, body, requestId }) =>
      deps.plans.make(principal, { ...asRequest(body), defaults: 'plan' }, requestId),
    ),
    endpoint(planRoutes.list, async ({ principal, query }) => {
      const isInScope = readScope(deps.hosts, principal);
      const now = deps.context.clock.now();
      return listPlans(deps.context.store, deps, query, { principal, isInScope, now });
    }),
    endpoint(planRoutes.get, async ({ principal, params }) => {
      const plan = await seen(principal, params.digest);
      return { ...plan.plan, matchingNow: await matchingNow(deps, principal, plan) };
    }),
    endpoint(planRoutes.preview, async ({ principal, params }) =>
      preview(principal, await seen(principal, params.digest)),
    ),
    endpoint(planRoutes.sketch, async ({ principal, body }) => {
      const { plan, made } = await deps.plans.sketch(principal, { ...asRequest(body), defaults: 'plan' });
      return { made, preview: await preview(principal, plan) };
    }),
    endpoint(planRoutes.steps, async ({ principal, params, query }) => {
      const plan = await seen(principal, params.digest);
      const from = readCursor(query.cursor, heldCount) ?? 0;
      const isInScope = readScope(deps.hosts, principal);
      const items = [];
      let index = from;
      for (; index < plan.hosts.length && items.length < query.limit; index++) {
        const host = plan.hosts[index];
        if (host === undefined || !isInScope(host.id)) continue;
        items.push({ ...plan.step(index), index, hostName: host.name });
      }
      return { items, nextCursor: index < plan.hosts.length ? pageCursor(String(index)) : null };
    }),
  ];
}

/** A body of the API as the service takes it: times in milliseconds. */
export function asRequest<Body extends { notBefore?: string | undefined; expiresAt?: string | undefined }>(
  body: Body,
) {
  const { notBefore, expiresAt, ...rest } = body;
  return {
    ...rest,
    ...(notBefore === undefined ? {} : { notBefore: Date.parse(notBefore) }),
    ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
  };
}

/**
 * Whether a person may see the share of a host. One that is gone has no labels to be in a scope by: only who sees all
 * hosts sees its share.
 */
export function readScope(hosts: HostsService, principal: Principal): (hostId: string) => boolean {
  const scope = principal.scope('rollouts.read');
  if (scope.isAll) return () => true;
  return (hostId) => {
    const entry = hosts.index.get(hostId);
    return entry !== undefined && scope.includes(entry);
  };
}

/** Null also for who does not see all hosts of the plan: neither what they see nor the whole number would be for them. */
async function matchingNow(
  { resolver, hosts }: Pick<PlanEndpointsDeps, 'resolver' | 'hosts'>,
  principal: Principal,
  plan: LoadedPlan,
): Promise<number | null> {
  if (plan.target.selector === undefined && plan.target.groups === undefined) return null;
  const isVisible = visibility(principal);
  const isHidden = (id: string): boolean => {
    const host = hosts.index.get(id);
    return host !== undefined && !isVisible(host);
  };
  if (plan.hosts.some(({ id }) => isHidden(id))) return null;
  try {
    return (await resolver.resolve(plan.target)).hosts.filter(isVisible).length;
  } catch (error) {
    // The selector may name a group or a fact that is gone since; the plan itself is still readable.
    if (error instanceof AppError) return null;
    throw error;
  }
}
