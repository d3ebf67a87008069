import { bytes, MINUTE_MS } from '@pilothouse/base';
import { defineFact } from '@pilothouse/contract';
import { z } from 'zod';
import { Line, Word } from './text-limits.ts';

export const FileSystem = z.object({
  mountPoint: Line,
  device: Line,
  /** ext4, xfs, btrfs, nfs4. Kernel-made ones (proc, sysfs, cgroup) are left out. */
  type: Word,
  /** Sorted; without those that differ from mount to mount. */
  options: z.array(Line),
  /** Null when it cannot be asked, for example a hanging network mount. */
  sizeBytes: z.number().int().nullable(),
  inodes: z.number().int().nullable(),
});
export type FileSystem = z.infer<typeof FileSystem>;

export const StorageBody = z.object({
  fileSystems: z.array(FileSystem),
  swaps: z.array(z.object({ device: Line, sizeBytes: z.number().int() })),
  /** Software RAID as /proc/mdstat tells it, without progress. */
  raids: z.array(
    z.object({
      name: Word,
      level: Word,
      isActive: z.boolean(),
      isDegraded: z.boolean(),
      members: z.array(Word),
    }),
  ),
  /** Null without LVM's tools or root. */
  lvm: z
    .object({
      volumeGroups: z.array(z.object({ name: Word, sizeBytes: z.number().int() })),
      logicalVolumes: z.array(z.object({ group: Word, name: Word, sizeBytes: z.number().int() })),
      physicalVolumes: z.array(
        z.object({ device: Line, group: Word.nullable(), sizeBytes: z.number().int() }),
      ),
    })
    .nullable(),
});
export type StorageBody = z.infer<typeof StorageBody>;

export const storageFact = defineFact({
  name: 'storage',
  title: { en: 'Storage', zh: '存储' },
  withoutRoot: { en: 'LVM', zh: 'LVM' },
  body: StorageBody,
  isShared: false,
  sizeBytesMax: bytes.mib(1),
  intervalMs: 30 * MINUTE_MS,
});

export const StorageUsageBody = z.object({
  fileSystems: z.array(
    z.object({
      mountPoint: Line,
      /** The largest of USAGE_STEPS that is reached. Space reserved for root counts as used. */
      usedPercentMin: z.number().int().min(0).max(100),
      inodesUsedPercentMin: z.number().int().min(0).max(100),
    }),
  ),
});
export type StorageUsageBody = z.infer<typeof StorageUsageBody>;

export const storageUsageFact = defineFact({
  name: 'storage-usage',
  title: { en: 'Storage usage', zh: '存储使用率' },
  body: StorageUsageBody,
  isShared: false,
  sizeBytesMax: bytes.kib(256),
  // A disk that fills is seen within a minute: a watch looks that often.
  intervalMs: 30 * MINUTE_MS,
});
