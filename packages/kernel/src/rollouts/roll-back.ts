import { AppError, type Rollout } from '@pilothouse/contract';
import { isRefusal } from '../is-refusal.ts';
import type { LoadedPlan } from '../plans/index.ts';
import type { ActiveRollout } from './driver/active-rollout.ts';
import { type By, SYSTEM } from './driver/batch.ts';
import { authorityFor } from './driver/load-active.ts';
import { isRolloutEnd, isTouched } from './engine/index.ts';
import { readEndedTasks } from './result-store.ts';
import { type ActsDeps, type Asker, adoptRollout, newRecord, readKnown } from './rollout-acts.ts';
import { noteRolledBack } from './rollout-store.ts';

const ROWS_PER_READ = 2000;
/** A store that failed, or a queue that is full, is asked again after this time. */
const RETRY_MS = 5000;

/**
 * A halted rollout whose plan says so undoes what it touched. Repeatable: whoever is interrupted on the way leaves at most
 * a plan that nobody starts, and the next start of the server does it again.
 */
export function rollBackByItself(deps: ActsDeps, active: ActiveRollout): void {
  const attempt = async (): Promise<void> => {
    if (!isCurrent(deps, active)) return;
    try {
      await startUndo(deps, active, { principal: null, by: { actor: SYSTEM, requestId: null } });
    } catch (error) {
      if (!isRefusal(error)) {
        deps.context.log.error('rollback not started; trying again', { rolloutId: active.id, error });
        deps.context.clock.after(RETRY_MS, () => deps.driver.background.track(attempt()));
        return;
      }
      await giveUp(deps, active, error.code).catch((cause: unknown) =>
        deps.context.log.error('rollback not given up', { rolloutId: active.id, cause }),
      );
    }
  };
  deps.driver.background.track(attempt());
}

const isCurrent = (deps: ActsDeps, active: ActiveRollout): boolean =>
  deps.driver.active.get(active.id) === active &&
  active.state.state === 'rolling-back' &&
  active.state.rolledBackBy === null;

async function startUndo(deps: ActsDeps, active: ActiveRollout, asked: Asked): Promise<void> {
  const touched = active.state.tasks.filter(isTouched).map((task) => task.index);
  const made = await makeUndo(deps, active.plan, touched, asked);
  await startMade(deps, { digest: made.plan.digest, rollbackOf: active.id }, asked);
}

/** It cannot even be planned: the rollout stays halted, and says why. */
async function giveUp(deps: ActsDeps, active: ActiveRollout, why: string): Promise<void> {
  await deps.driver.loop.run((batch) => {
    if (isCurrent(deps, active))
      batch.feed(active, { kind: 'rollback-ended', rolloutId: null, isDone: false, why });
  });
}

interface Asked {
  /** Null: the rollout's own plan asked for it. */
  readonly principal: Asker['principal'] | null;
  readonly by: By;
}

/** The plan's own probes say whether what was restored works again. */
function makeUndo(deps: ActsDeps, plan: LoadedPlan, touched: readonly number[], { principal, by }: Asked) {
  const { probes } = plan.plan.header.strategy;
  // What is broken must not stay broken because one host of many cannot be restored.
  const strategy = { ...(principal === null ? { failuresMax: null } : {}), ...(probes ? { probes } : {}) };
  return deps.plans.makeRollback({ principal, ...by }, { plan, touched, strategy });
}

async function startMade(
  deps: ActsDeps,
  { digest, rollbackOf }: { readonly digest: string; readonly rollbackOf: string },
  { by }: Asked,
): Promise<Rollout> {
  const plan = await deps.plans.load(digest);
  if (plan === null) throw new AppError('NOT_FOUND', { what: 'plan', id: digest });
  const record = newRecord(deps, plan, by.actor.name, {
    planDigest: digest,
    kind: 'run',
    retryOf: null,
    rollbackOf,
  });
  const authority = await authorityFor(deps.driver.authority, digest, plan);
  return adoptRollout(deps, { record, plan, authority, missing: null }, by, (batch, undo) => {
    const undone = deps.driver.active.get(rollbackOf);
    if (undone !== undefined) batch.feed(undone, { kind: 'rollback-started', rolloutId: undo.id });
    else batch.writes.push((transaction) => noteRolledBack(transaction, rollbackOf, undo.id));
  });
}

/** A person undoes what an ended rollout changed, as a plan of its own; `isPreview` makes and starts nothing. */
export async function rollBackRollout(
  deps: ActsDeps,
  { principal, requestId }: Asker,
  rolloutId: string,
  options: { readonly isPreview: boolean },
) {
  const record = await readKnown(deps, rolloutId);
  if (!isRolloutEnd(record.state)) throw new AppError('ROLLOUT_NOT_ENDED', { rolloutId });
  if (record.fixed.kind === 'dry-run') throw new AppError('ROLLOUT_NOTHING_TO_UNDO', { rolloutId });
  const plan = await deps.plans.load(record.planDigest);
  if (plan === null) throw new AppError('NOT_FOUND', { what: 'plan', id: record.planDigest });
  const asked: Asked = { principal, by: { actor: principal.actor, requestId } };
  const touched = await touchedOf(deps, rolloutId);
  if (options.isPreview) {
    const { made } = await deps.plans.sketchRollback({ principal, ...asked.by }, { plan, touched });
    return { rollout: null, made };
  }
  const made = await makeUndo(deps, plan, touched, asked);
  const rollout = await startMade(deps, { digest: made.plan.digest, rollbackOf: rolloutId }, asked);
  return { rollout, made };
}

async function touchedOf(deps: ActsDeps, rolloutId: string): Promise<number[]> {
  const touched: number[] = [];
  for (let fromIndex = 0; ; ) {
    const rows = await readEndedTasks(deps.context.store, {
      rolloutId,
      fromIndex,
      state: null,
      hostId: null,
      limit: ROWS_PER_READ,
    });
    for (const { index, state, body } of rows)
      if (isTouched({ phase: state, startedAt: body.startedAt })) touched.push(index);
    if (rows.length < ROWS_PER_READ) return touched;
    fromIndex = (rows.at(-1)?.index ?? 0) + 1;
  }
}
