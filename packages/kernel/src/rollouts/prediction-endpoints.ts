import { type PredictedHost, predictionRoutes } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import { type Endpoint, endpoint } from '../http/service.ts';
import { heldCount, pageCursor, readCursor } from '../page-cursor.ts';
import type { LoadedPlan, PlansService } from '../plans/index.ts';
import {
  comparePrediction,
  type EndedTask,
  type PredictionsService,
  type RolloutOutcomes,
} from '../predictions/index.ts';
import { readDryRunBefore, readDryRunPairs } from './dry-run-store.ts';
import { readEndedTasks, readTasksAt } from './result-store.ts';
import type { ActsDeps } from './rollout-acts.ts';
import { seeRollout } from './sight.ts';

const ROWS_PER_READ = 2000;
/** Changes of one host that an answer carries; a file's diff is one. */
const CHANGES_SHOWN_MAX = 200;

/** What the room of predictions reads of rollouts. */
export const outcomesOf = (store: Store, plans: Pick<PlansService, 'load'>): RolloutOutcomes => ({
  pairsSince: (since, limit) => readDryRunPairs(store, since, limit),
  ended: async (rolloutId, fromIndex) => {
    const rows = await readEndedTasks(store, {
      rolloutId,
      fromIndex,
      state: null,
      hostId: null,
      limit: ROWS_PER_READ,
    });
    return rows.map(({ index, state, body }) => ({ index, state, outcome: body.outcome }));
  },
  async actionsOf(planDigest) {
    const plan = await plans.load(planDigest);
    return plan === null
      ? null
      : { actionSchemas: plan.plan.header.actionSchemas, namesOf: (index) => namesOf(plan, index) };
  },
});

const namesOf = (plan: LoadedPlan, index: number): string[] =>
  plan.actionsOf(index).map(({ action }) => action);

/** What the dry run of a plan said of each host, beside what its run did. */
export function predictionEndpoints(deps: ActsDeps, predictions: PredictionsService): Endpoint[] {
  const { store } = deps.context;
  return [
    endpoint(predictionRoutes.get, async ({ principal, params, query }) => {
      const sight = await seeRollout(deps, principal, params.rolloutId);
      const { record, plan } = sight;
      const dryRunId = await readDryRunBefore(store, record.planDigest, record.id);
      const tracks = await predictions.tracksOf(plan.plan.header.actionSchemas);
      const from = readCursor(query.cursor, heldCount) ?? 0;
      const runId = record.fixed.kind === 'run' ? record.id : null;
      if (dryRunId === null) return { dryRunId, tracks, items: [], nextCursor: null };
      const rows = await readEndedTasks(store, {
        rolloutId: dryRunId,
        fromIndex: from,
        state: null,
        hostId: null,
        limit: query.limit,
      });
      const runs =
        runId === null
          ? new Map()
          : await readTasksAt(
              store,
              runId,
              rows.map((row) => row.index),
            );
      const items = rows
        .filter((row) => sight.isInScope(row.hostId))
        .map(({ index, state, body }): PredictedHost => {
          const run = runs.get(index);
          return hostOf(plan, index, {
            dryRun: { state, body },
            run: run === undefined ? null : { state: run.state, body: run.body },
          });
        });
      const last = rows.at(-1)?.index ?? from;
      const isMore = rows.length === query.limit;
      return { dryRunId, tracks, items, nextCursor: isMore ? pageCursor(String(last + 1)) : null };
    }),
  ];
}

const NOT_RUN: EndedTask = { state: 'pending', outcome: null };

type EndedRow = Pick<Awaited<ReturnType<typeof readEndedTasks>>[number], 'state' | 'body'>;

const endOf = ({ state, body }: EndedRow): EndedTask => ({ state, outcome: body.outcome });
const faultOf = ({ body }: EndedRow) => body.outcome?.error ?? body.cause;

function hostOf(
  plan: LoadedPlan,
  index: number,
  { dryRun, run }: { readonly dryRun: EndedRow; readonly run: EndedRow | null },
): PredictedHost {
  const host = plan.hosts[index];
  return {
    hostId: host?.id ?? '',
    hostName: host?.name ?? '',
    state: dryRun.state,
    error: faultOf(dryRun),
    run: run === null ? null : { state: run.state, error: faultOf(run) },
    actions: comparePrediction(namesOf(plan, index), endOf(dryRun), run === null ? NOT_RUN : endOf(run)).map(
      (found) => ({
        action: found.action,
        verdict: run === null ? null : found.verdict,
        predicted: cut(found.predicted),
        actual: cut(found.actual),
      }),
    ),
  };
}

const cut = (changes: readonly unknown[] | null) =>
  changes === null
    ? null
    : // They were parsed as JSON when the outcome came in.
      { count: changes.length, changes: changes.slice(0, CHANGES_SHOWN_MAX) as PredictedChanges['changes'] };

type PredictedChanges = NonNullable<PredictedHost['actions'][number]['predicted']>;
