import { USAGE_STEPS } from '../contract/usage-steps.ts';

/** The largest step that `used` of `total` reaches; 0 where there is nothing to use, as on file systems without inodes. */
export function usageStep(used: number, total: number): number {
  if (!(total > 0)) return 0;
  const percent = (used / total) * 100;
  return USAGE_STEPS.findLast((step) => percent >= step) ?? 0;
}
