import { readEpoch, settleEpoch } from '@pilothouse/store';
import type { AuditService } from './audit/service.ts';
import type { KernelContext } from './kernel-context.ts';

export interface EpochDeps {
  readonly audit: Pick<AuditService, 'append'>;
  /** Pauses every rollout that can be; gives their ids. */
  readonly pauseRollouts: (reason: string) => Promise<readonly string[]>;
}

/**
 * The first start over a store that a backup was put in the place of. What the store says is under way may have ended, and
 * hosts may have done what it has not heard of: nothing goes on by itself until a person has looked. Agents say in their
 * first words what they have begun, and refuse by their own ledger what they have run, so that nothing is run again when a
 * rollout is resumed. Repeated when it was cut short.
 */
export async function beginEpoch({ store, log }: KernelContext, deps: EpochDeps): Promise<void> {
  const epoch = await readEpoch(store);
  if (epoch.isSettled) return;
  const rollouts = await deps.pauseRollouts(`the store was set back to ${epoch.restoredFrom}`);
  await store.transaction(async (transaction) => {
    const details = { epoch: epoch.number, restoredFrom: epoch.restoredFrom, rolloutsPaused: [...rollouts] };
    const actor = { kind: 'system', id: 'store', name: 'store' } as const;
    await deps.audit.append(transaction, [
      { actor, action: 'store.restored', subject: 'store', details, requestId: null },
    ]);
    await settleEpoch(transaction, epoch);
  });
  log.warn('the store was set back; rollouts are paused', { ...epoch, rollouts: rollouts.length });
}
