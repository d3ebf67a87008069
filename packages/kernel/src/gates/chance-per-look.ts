import type { Gate } from '@pilothouse/contract';

/**
 * What chance may do in one comparison of one measure. The gate's `falseHaltRate` is shared out among its measures and, where
 * it stands after each wave, among those looks, too (Bonferroni), so that of healthy rollouts no more are halted than it
 * says, however many waves there are. After the last wave nobody is left to compare with.
 */
export function chancePerLook(
  {
    falseHaltRate,
    measures,
    after,
  }: Pick<Extract<Gate, { kind: 'compare' }>, 'falseHaltRate' | 'measures' | 'after'>,
  wavesCount: number,
): number {
  const looks = after === 'each' ? Math.max(1, wavesCount - 1) : 1;
  return falseHaltRate / measures.length / looks;
}
