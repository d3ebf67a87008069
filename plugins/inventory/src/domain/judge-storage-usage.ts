import type { StorageUsageBody } from '../contract.ts';
import { type Judgement, judgementKey } from './judgement.ts';

/** From this step on a file system is nearly full. */
const NEARLY_FULL_PERCENT = 90;

/** File systems that run out of space or of inodes; worse the fuller they are. */
export function judgeStorageUsage(usage: StorageUsageBody): Judgement[] {
  return usage.fileSystems.flatMap(({ mountPoint, usedPercentMin, inodesUsedPercentMin }) => [
    ...judge(mountPoint, 'bytes', usedPercentMin),
    ...judge(mountPoint, 'inodes', inodesUsedPercentMin),
  ]);
}

function judge(mountPoint: string, resource: 'bytes' | 'inodes', usedPercentMin: number): Judgement[] {
  if (usedPercentMin < NEARLY_FULL_PERCENT) return [];
  return [
    {
      key: judgementKey(resource === 'bytes' ? mountPoint : `${resource} ${mountPoint}`),
      evidence: { mountPoint, resource, usedPercentMin },
      severity: usedPercentMin >= 99 ? 'critical' : usedPercentMin >= 95 ? 'high' : 'medium',
    },
  ];
}
