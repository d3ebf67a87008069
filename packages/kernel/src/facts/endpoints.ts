import { nearestName } from '@pilothouse/base';
import {
  AppError,
  type FactSpan,
  type FactSpec,
  factsPermissions,
  factsRoutes,
  type JsonObject,
} from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import { findHost } from '../hosts/index.ts';
import type { HostEntry, HostsService, TargetResolver } from '../hosts/service.ts';
import { type Endpoint, endpoint } from '../http/service.ts';
import { cutPage, heldCount, readCursor } from '../page-cursor.ts';
import type { SelectService } from '../select/service.ts';
import type { CollectNow } from './collect-now.ts';
import { countFacts, createFleetCounts } from './count-facts.ts';
import { diffSides, FACTS_READ, requireSeen } from './diff-sides.ts';
import { distribute } from './facts-of-fleet.ts';
import type { FactsService } from './service.ts';

export interface FactsEndpointDeps {
  readonly facts: FactsService;
  readonly hosts: Pick<HostsService, 'index' | 'sorted'>;
  readonly select: Pick<SelectService, 'run'>;
  readonly resolver: Pick<TargetResolver, 'resolve'>;
  readonly collectNow: CollectNow;
  readonly specs: readonly FactSpec[];
}

export const factsEndpoints = (deps: FactsEndpointDeps): Endpoint[] => [
  ...fleetEndpoints(deps),
  collectEndpoint(deps),
  ...hostEndpoints(deps),
];

function fleetEndpoints(deps: FactsEndpointDeps): Endpoint[] {
  const { facts, hosts, select, specs } = deps;
  const visible = (principal: Principal): readonly HostEntry[] => {
    const scope = principal.scope(FACTS_READ);
    return scope.isAll ? hosts.sorted() : hosts.sorted().filter((host) => scope.includes(host));
  };
  const fleetCounts = createFleetCounts(facts, hosts.sorted);
  return [
    endpoint(factsRoutes.kinds, async ({ principal }) => {
      const isAll = principal.scope(FACTS_READ).isAll;
      const counts = await (isAll ? fleetCounts() : countFacts(visible(principal)));
      return {
        items: specs.map(({ name, title, isShared, intervalMs }) => {
          const { hosts: count = 0, distinct = 0 } = counts.get(name) ?? {};
          return { name, title, isShared, intervalMs, hosts: count, distinct };
        }),
      };
    }),
    endpoint(factsRoutes.distribution, async ({ principal, params, query }) => {
      requireFact(specs, params.fact);
      const found = query.q === undefined ? null : new Set((await select.run(query.q)).matched);
      return distribute(
        facts,
        params.fact,
        visible(principal).filter((host) => found?.has(host) !== false),
      );
    }),
    endpoint(factsRoutes.diff, ({ principal, params, query }) => {
      requireFact(specs, params.fact);
      return diffSides(deps, principal, { fact: params.fact, ...query });
    }),
    endpoint(factsRoutes.body, async ({ principal, params: { digest } }) => {
      await requireSeen(deps, principal, digest);
      const body = await facts.body(digest);
      if (body === null) throw new AppError('FACT_BODY_MISSING', { digest });
      return { digest, body: asJson(body) };
    }),
  ];
}

/** Hosts outside the asking person's scope are not there for them. */
const collectEndpoint = ({ resolver, collectNow, specs }: FactsEndpointDeps): Endpoint =>
  endpoint(factsRoutes.collect, async ({ principal, body: { target, facts, waitMs } }) => {
    for (const fact of facts) requireFact(specs, fact);
    const scope = principal.scope(factsPermissions.factsCollect.name);
    const meant = (await resolver.resolve(target)).hosts;
    return collectNow({ hosts: meant.filter((host) => scope.includes(host)), facts, waitMs });
  });

function hostEndpoints({ facts, hosts, specs }: FactsEndpointDeps): Endpoint[] {
  const found = (principal: Principal, ref: string): HostEntry =>
    findHost(hosts, principal, { ref, permission: FACTS_READ });
  const spansOf = (hostId: string, asOf: string | undefined): Promise<FactSpan[]> =>
    asOf === undefined ? facts.current(hostId) : facts.asOf(hostId, Date.parse(asOf));
  return [
    endpoint(factsRoutes.current, async ({ principal, params, query }) => {
      const { id } = found(principal, params.host);
      return { hostId: id, items: await spansOf(id, query.asOf) };
    }),
    endpoint(factsRoutes.get, async ({ principal, params, query }) => {
      requireFact(specs, params.fact);
      const host = found(principal, params.host);
      const span = (await spansOf(host.id, query.asOf)).find((each) => each.fact === params.fact);
      if (span === undefined) throw new AppError('FACT_NOT_REPORTED', { host: host.name, fact: params.fact });
      const body = span.report.kind === 'present' ? await facts.body(span.report.digest) : null;
      return { hostId: host.id, span, body: asJson(body) };
    }),
    endpoint(factsRoutes.history, async ({ principal, params, query }) => {
      requireFact(specs, params.fact);
      const { id } = found(principal, params.host);
      const before = readCursor(query.cursor, heldCount) ?? undefined;
      const spans = await facts.history(id, params.fact, query.limit + 1, before);
      return cutPage(spans, query.limit, ({ from }) => String(Date.parse(from)));
    }),
  ];
}

/** Schemas of facts describe JSON, and every body was parsed from it. */
const asJson = (body: unknown): JsonObject[string] => body as JsonObject[string];

function requireFact(specs: readonly FactSpec[], fact: string): void {
  if (specs.some((spec) => spec.name === fact)) return;
  throw new AppError('FACT_UNKNOWN', {
    fact,
    nearest:
      nearestName(
        fact,
        specs.map((spec) => spec.name),
      ) ?? '',
  });
}
