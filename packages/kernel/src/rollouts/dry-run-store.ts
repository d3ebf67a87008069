/** Which runs had a dry run of the same plan before them. A dry run's key is its own id, a run's is its plan. */
import type { Digest } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import type { DryRunPair } from '../predictions/service.ts';
import { tables } from './tables.ts';

/** Oldest first; of several dry runs the newest that had ended before the run ended. */
export async function readDryRunPairs(source: Store, since: number, limit: number): Promise<DryRunPair[]> {
  const rows = await tables(source)
    .selectFrom('rollouts_rollout as run')
    .innerJoin('rollouts_rollout as dry', 'dry.plan_digest', 'run.run_key')
    .select(({ fn }) => [
      'run.plan_digest as planDigest',
      'run.id as runId',
      'run.ended_at as runEndedAt',
      fn.max('dry.id').as('dryRunId'),
    ])
    .where('run.ended_at', '>=', since)
    .whereRef('dry.run_key', '=', 'dry.id')
    // Ids sort by the time they were made: a dry run that was started after the run predicted nothing.
    .whereRef('dry.id', '<', 'run.id')
    .where('dry.ended_at', 'is not', null)
    .groupBy(['run.plan_digest', 'run.id', 'run.ended_at'])
    .orderBy('run.ended_at')
    .orderBy('run.id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, runEndedAt: Number(row.runEndedAt) }));
}

/** The newest dry run of a plan that was started before `rolloutId`, itself included; null: none. */
export async function readDryRunBefore(
  source: Store,
  planDigest: Digest,
  rolloutId: string,
): Promise<string | null> {
  const row = await tables(source)
    .selectFrom('rollouts_rollout')
    .select('id')
    .where('plan_digest', '=', planDigest)
    .whereRef('run_key', '=', 'id')
    .where('id', '<=', rolloutId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}
