import { toTimestamp } from '@pilothouse/contract';
import type { Store } from '@pilothouse/store';
import { writeBudget } from '../../budgets/index.ts';
import type { WorldBudget } from './budget-truth.ts';
import type { Random } from './random.ts';

/** The budget that people lift at last, because it may let nobody go. */
export const LIFTED_BUDGET = 'most';

/** A number for each rack, in every world; in some a share or a majority of all hosts beside it. */
export function anyBudgets(random: Random, hostsCount: number): Map<string, WorldBudget> {
  const size = Math.ceil(hostsCount / 50);
  const racks: WorldBudget = { name: 'racks', per: 'rack', limit: { hosts: (1 + random.int(3)) * size } };
  const all: WorldBudget[] = [racks];
  if (random.isLikely(0.3)) {
    const limit = random.isLikely(0.5) ? { quorum: true as const } : { percent: 20 + random.int(60) };
    all.push({ name: LIFTED_BUDGET, per: null, limit });
  }
  return new Map(all.map((budget) => [budget.name, budget]));
}

export async function putBudgets(store: Store, budgets: Iterable<WorldBudget>): Promise<void> {
  await store.transaction(async (transaction) => {
    for (const budget of budgets)
      await writeBudget(transaction, {
        ...budget,
        selector: 'true',
        counts: 'any',
        reason: '',
        changedBy: 'ann',
        changedAt: toTimestamp(0),
        etag: '1',
      });
  });
}
