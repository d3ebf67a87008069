import { DAY_MS, HOUR_MS } from '@pilothouse/base';
import type { KernelContext } from '../kernel-context.ts';
import type { PlansService } from '../plans/index.ts';
import type { Reconciler } from '../plugins/index.ts';
import type { Driver } from './driver/create-driver.ts';
import { deleteUnusedOutputs } from './result-store.ts';
import { deleteRollout, endedBefore, usedPlans } from './rollout-store.ts';

/** A quarter: long enough for "what was done in the last release", short enough that the store stays small. */
export const RESULTS_KEPT_DAYS_DEFAULT = 90;
const ROLLOUTS_PER_READ = 50;
/** An output may be on disk a moment before the outcome that names it. */
const OUTPUT_AGE_MS_MIN = DAY_MS;

/** Keeps results no longer than the setting says: ended rollouts go with their tasks, then what only they used. */
export function retentionReconciler(
  context: KernelContext,
  {
    plans,
    driver,
  }: { readonly plans: Pick<PlansService, 'removeOld'>; readonly driver: Pick<Driver, 'dropOutputs'> },
  keptDays: number,
): Reconciler {
  const { store, clock, log } = context;
  return {
    name: 'rollouts.retention',
    intervalMs: HOUR_MS,
    async run() {
      const before = clock.now() - keptDays * DAY_MS;
      let removed = 0;
      for (;;) {
        const ids = await endedBefore(store, before, ROLLOUTS_PER_READ);
        for (const id of ids) await store.transaction((transaction) => deleteRollout(transaction, id));
        removed += ids.length;
        if (ids.length < ROLLOUTS_PER_READ) break;
      }
      const outputs = await driver.dropOutputs(() =>
        store.transaction((transaction) => deleteUnusedOutputs(transaction, clock.now() - OUTPUT_AGE_MS_MIN)),
      );
      const removedPlans = await store.transaction((transaction) =>
        plans.removeOld(transaction, before, (digests) => usedPlans(transaction, digests)),
      );
      if (removed + outputs + removedPlans > 0)
        log.info('old results removed', { rollouts: removed, outputs, plans: removedPlans });
    },
  };
}
