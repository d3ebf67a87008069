/**
 * Again, where it did not succeed: the same steps as a new plan that names the old one, with the old strategy but for what
 * is said otherwise. Waves are resolved anew, since there are fewer hosts. A comparison stays where it can still be fair,
 * that is, where enough hosts are left that no attempt has touched; what falls away is named.
 */
import { AppError, type HostId, type MadePlan, type Rollout, type TaskState } from '@pilothouse/contract';
import { retryStrategy, type WishedStrategy } from '../plans/index.ts';
import { isRolloutEnd } from './engine/index.ts';
import { readEndedTasks } from './result-store.ts';
import { type ActsDeps, type Asker, readKnown, startRollout } from './rollout-acts.ts';
import { touchedBefore } from './touched-before.ts';

/** A retry of a plan that lived shorter than this lives this long. */
const RETRY_EXPIRY_MS_MIN = 3_600_000;
const ROWS_PER_READ = 2000;
const RETRIED: readonly TaskState[] = ['failed', 'cancelled', 'expired', 'skipped'];

export interface RetryOptions {
  readonly includeUnknown: boolean;
  readonly strategy: WishedStrategy;
}

export interface Retried {
  readonly rollout: Rollout;
  readonly made: MadePlan;
  readonly leftOutGates: string[];
}

export async function retryRollout(
  deps: ActsDeps,
  asker: Asker,
  rolloutId: string,
  options: RetryOptions,
): Promise<Retried> {
  const record = await readKnown(deps, rolloutId);
  if (!isRolloutEnd(record.state)) throw new AppError('ROLLOUT_NOT_ENDED', { rolloutId });
  const plan = await deps.plans.load(record.planDigest);
  if (plan === null) throw new AppError('NOT_FOUND', { what: 'plan', id: record.planDigest });
  const indexes = await unsuccessful(deps, rolloutId, options.includeUnknown);
  const indexByHost = new Map<HostId, number>(indexes.map((index) => [plan.hosts[index]?.id ?? '', index]));
  const hosts = [...indexByHost.keys()].flatMap((id) => deps.hosts.index.get(id) ?? []);
  if (hosts.length === 0)
    throw new AppError('ROLLOUT_NOTHING_TO_RETRY', { unknown: record.head.counts.unknown });
  const { header } = plan.plan;
  const { made, leftOutGates } = await deps.plans.makeFromSteps(
    asker.principal,
    {
      hosts,
      actionsOf: (host) => plan.actionsOf(indexByHost.get(host.id) ?? -1),
      target: { hostIds: hosts.map((host) => host.id) },
      title: header.title,
      strategy: retryStrategy(header.strategy, options.strategy, hosts.length),
      areGatesGiven: options.strategy.gates !== undefined,
      touchedBefore: await touchedBefore(deps.context.store, rolloutId),
      expiresInMs: Math.max(RETRY_EXPIRY_MS_MIN, Date.parse(header.expiresAt) - Date.parse(header.createdAt)),
      retryOf: plan,
    },
    asker.requestId,
  );
  const rollout = await startRollout(deps, asker, {
    planDigest: made.plan.digest,
    kind: record.fixed.kind,
    retryOf: rolloutId,
  });
  return { rollout, made, leftOutGates };
}

/** In step order, which is the order of host ids. */
async function unsuccessful(deps: ActsDeps, rolloutId: string, includeUnknown: boolean): Promise<number[]> {
  const states = includeUnknown ? [...RETRIED, 'unknown'] : RETRIED;
  const indexes: number[] = [];
  for (let fromIndex = 0; ; ) {
    const rows = await readEndedTasks(deps.context.store, {
      rolloutId,
      fromIndex,
      state: null,
      hostId: null,
      limit: ROWS_PER_READ,
    });
    for (const row of rows) if (states.includes(row.state)) indexes.push(row.index);
    if (rows.length < ROWS_PER_READ) return indexes;
    fromIndex = (rows.at(-1)?.index ?? 0) + 1;
  }
}
