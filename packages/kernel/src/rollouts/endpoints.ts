import { AppError, type Explanation, rolloutRoutes } from '@pilothouse/contract';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import { heldText, pageCursor, readCursor } from '../page-cursor.ts';
import { asRequest } from '../plans/index.ts';
import { recordOf, viewRollout } from './driver/active-rollout.ts';
import { type ExplainDeps, explainRollout } from './explain/explain-rollout.ts';
import type { Live } from './live.ts';
import { retryRollout } from './retry-rollout.ts';
import { rollBackRollout } from './roll-back.ts';
import { type ActsDeps, type Asker, actOnRollout, readKnown, startRollout } from './rollout-acts.ts';
import { listRollouts } from './rollout-store.ts';
import { isVisible, seeRollout } from './sight.ts';

/** Rows looked at to fill one page for a reader who sees only some. */
const ROWS_PER_READ = 200;

type RolloutEndpointsDeps = ActsDeps &
  Pick<ExplainDeps, 'budgets' | 'calendar' | 'stops'> & { readonly live: Live };

export function rolloutEndpoints(deps: RolloutEndpointsDeps): Endpoint[] {
  const asker = ({ principal, requestId }: HttpRequest): Asker => ({ principal, requestId });
  const act = async (request: HttpRequest, rolloutId: string, what: Parameters<typeof actOnRollout>[3]) => {
    // First as a reader: what a person may not see is absent, and not forbidden.
    await seeRollout(deps, request.principal, rolloutId);
    return actOnRollout(deps, asker(request), rolloutId, what);
  };
  return [
    endpoint(rolloutRoutes.start, (request) =>
      startRollout(deps, asker(request), { ...request.body, retryOf: null }),
    ),
    endpoint(rolloutRoutes.run, async (request) => {
      const { kind, ...body } = request.body;
      const made = await deps.plans.make(
        request.principal,
        { ...asRequest(body), isDryRunOnly: kind === 'dry-run', defaults: 'run' },
        request.requestId,
      );
      const planDigest = made.plan.digest;
      const rollout = await startRollout(deps, asker(request), { planDigest, kind, retryOf: null });
      return { rollout, made };
    }),
    endpoint(rolloutRoutes.list, (request) => listVisible(deps, request)),
    endpoint(rolloutRoutes.get, async ({ principal, params }) =>
      viewRollout((await seeRollout(deps, principal, params.rolloutId)).record),
    ),
    endpoint(rolloutRoutes.explain, async ({ principal, params }): Promise<Explanation> => {
      const sight = await seeRollout(deps, principal, params.rolloutId);
      return explainRollout(explainDepsOf(deps), principal, sight);
    }),
    endpoint(rolloutRoutes.watch, async ({ principal, params, query, signal }) => {
      const sight = await seeRollout(deps, principal, params.rolloutId);
      const { id } = sight.record;
      // One that ended while it was looked up is read anew: nobody would tell of it again.
      const record = deps.driver.active.has(id) ? sight.record : await readKnown(deps, id);
      const active = deps.driver.active.get(id);
      const rollout = viewRollout(active === undefined ? record : recordOf(active));
      const events = deps.live.watch({
        rollout,
        wantsOutput: query.output,
        wantsTasks: query.tasks,
        isInScope: sight.isInScope,
        signal,
      });
      return { stream: events };
    }),
    endpoint(rolloutRoutes.pause, (request) =>
      act(request, request.params.rolloutId, { kind: 'pause', reason: request.body.reason }),
    ),
    endpoint(rolloutRoutes.resume, (request) => act(request, request.params.rolloutId, { kind: 'resume' })),
    endpoint(rolloutRoutes.cancel, (request) =>
      act(request, request.params.rolloutId, { kind: 'cancel', endRunning: request.body.endRunning }),
    ),
    endpoint(rolloutRoutes.confirm, (request) =>
      act(request, request.params.rolloutId, { kind: 'confirm', gate: request.body.gate }),
    ),
    endpoint(rolloutRoutes.rollback, async (request) => {
      await seeRollout(deps, request.principal, request.params.rolloutId);
      const isPreview = request.body.preview;
      return rollBackRollout(deps, asker(request), request.params.rolloutId, { isPreview });
    }),
    endpoint(rolloutRoutes.retry, async (request) => {
      await seeRollout(deps, request.principal, request.params.rolloutId);
      return retryRollout(deps, asker(request), request.params.rolloutId, request.body);
    }),
  ];
}

const explainDepsOf = (deps: RolloutEndpointsDeps): ExplainDeps => ({
  ...deps,
  active: deps.driver.active,
  async see(principal, rolloutId) {
    try {
      return await seeRollout(deps, principal, rolloutId);
    } catch (error) {
      // Its rows are gone, or its hosts are not this reader's.
      if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  },
});

type ListRequest = Parameters<Parameters<typeof endpoint<typeof rolloutRoutes.list>>[1]>[0];

async function listVisible(deps: ActsDeps, { principal, query }: ListRequest) {
  const items = [];
  let before = readCursor(query.cursor, heldText);
  for (;;) {
    const rows = await listRollouts(deps.context.store, {
      before,
      state: query.state ?? null,
      isActive: query.active ?? null,
      limit: ROWS_PER_READ,
    });
    for (const row of rows) {
      if (items.length === query.limit)
        return { items, nextCursor: before === null ? null : pageCursor(before) };
      before = row.id;
      const active = deps.driver.active.get(row.id);
      if (await isVisible(deps, principal, row))
        items.push(viewRollout(active === undefined ? row : recordOf(active)));
    }
    if (rows.length < ROWS_PER_READ) return { items, nextCursor: null };
  }
}
