import { MINUTE_MS, SECOND_MS } from '@pilothouse/base';
import type { ActionTrack, Digest } from '@pilothouse/contract';
import type { KernelContext } from '../kernel-context.ts';
import type { Reconciler } from '../plugins/index.ts';
import { comparePrediction, type EndedTask } from './compare-prediction.ts';
import { areCompared, lastComparedAt, noteCompared, readTrack, writeTrack } from './predictions-store.ts';
import type { DryRunPair, PlanActions, PredictionsService, RolloutOutcomes } from './service.ts';

/** Somebody who has just run a plan looks at how true its dry run was. */
const INTERVAL_MS = 10 * SECOND_MS;
/** Ends are written in the order of commits, which may differ from that of times by moments. */
const OVERLAP_MS = MINUTE_MS;
const PAIRS_PER_READ = 20;

export interface PredictionsRoom {
  readonly predictions: PredictionsService;
  readonly reconcilers: readonly Reconciler[];
}

export function createPredictions(
  context: Pick<KernelContext, 'store'>,
  outcomes: RolloutOutcomes,
): PredictionsRoom {
  const { store } = context;
  return {
    predictions: {
      tracksOf: (schemas) =>
        Promise.all(Object.entries(schemas).map(([action, schema]) => readTrack(store, action, schema))),
    },
    reconcilers: [
      {
        name: 'predictions.compare',
        intervalMs: INTERVAL_MS,
        async run() {
          let since = ((await lastComparedAt(store)) ?? OVERLAP_MS) - OVERLAP_MS;
          for (;;) {
            const pairs = await outcomes.pairsSince(since, PAIRS_PER_READ);
            const done = await areCompared(
              store,
              pairs.map((pair) => pair.runId),
            );
            for (const pair of pairs) if (!done.has(pair.runId)) await comparePair(context, outcomes, pair);
            const last = pairs.at(-1)?.runEndedAt ?? since;
            // A full page of runs that ended in one millisecond is left to the next round rather than read for ever.
            if (pairs.length < PAIRS_PER_READ || last === since) return;
            since = last;
          }
        },
      },
    ],
  };
}

/** Reads first and writes in one transaction: a run is counted whole, and once. */
async function comparePair(
  { store }: Pick<KernelContext, 'store'>,
  outcomes: RolloutOutcomes,
  pair: DryRunPair,
): Promise<void> {
  const plan = await outcomes.actionsOf(pair.planDigest);
  const counts = plan === null ? [] : await countPair(outcomes, pair, plan);
  await store.transaction(async (transaction) => {
    if (!(await noteCompared(transaction, pair.runId, pair.runEndedAt))) return;
    for (const { action, schema, ...found } of counts) {
      const track = await readTrack(transaction, action, schema);
      await writeTrack(transaction, {
        action,
        schema,
        compared: track.compared + found.compared,
        matched: track.matched + found.matched,
        notComparable: track.notComparable + found.notComparable,
      });
    }
  });
}

async function countPair(
  outcomes: RolloutOutcomes,
  { dryRunId, runId }: DryRunPair,
  plan: PlanActions,
): Promise<ActionTrack[]> {
  const counts = new Map<string, { compared: number; matched: number; notComparable: number }>();
  await forEachHost(outcomes, { dryRunId, runId }, (index, predicted, actual) => {
    for (const { action, verdict } of comparePrediction(plan.namesOf(index), predicted, actual)) {
      const count = counts.get(action) ?? { compared: 0, matched: 0, notComparable: 0 };
      counts.set(action, count);
      if (verdict === 'not-comparable') count.notComparable += 1;
      else count.compared += 1;
      if (verdict === 'matched') count.matched += 1;
    }
  });
  return [...counts].flatMap(([action, count]) => {
    const schema: Digest | undefined = plan.actionSchemas[action];
    return schema === undefined ? [] : [{ action, schema, ...count }];
  });
}

/** Steps that have ended in both, in step order. */
async function forEachHost(
  outcomes: RolloutOutcomes,
  { dryRunId, runId }: Pick<DryRunPair, 'dryRunId' | 'runId'>,
  each: (index: number, predicted: EndedTask, actual: EndedTask) => void,
): Promise<void> {
  for (let from = 0; ; ) {
    const actual = await outcomes.ended(runId, from);
    const last = actual.at(-1)?.index;
    if (last === undefined) return;
    const predicted = new Map<number, EndedTask>();
    for (let at = from; at <= last; ) {
      const page = await outcomes.ended(dryRunId, at);
      for (const task of page) predicted.set(task.index, task);
      const reached = page.at(-1)?.index;
      if (reached === undefined) break;
      at = reached + 1;
    }
    for (const task of actual) {
      const before = predicted.get(task.index);
      if (before !== undefined) each(task.index, before, task);
    }
    from = last + 1;
  }
}
