import type { BudgetLimit } from '@pilothouse/contract';

/** How many hosts of a domain with so many active members may be down. A quorum is more than half of them. */
export function allowedDown(limit: BudgetLimit, members: number): number {
  if ('hosts' in limit) return limit.hosts;
  if ('percent' in limit) return Math.floor((members * limit.percent) / 100);
  return Math.max(0, Math.floor((members - 1) / 2));
}
