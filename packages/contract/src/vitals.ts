import { z } from 'zod';
import { Timestamp } from './scalars.ts';

/** Light measures on each heartbeat. Ratios are 0..1; `load1` is the kernel's one-minute load average. */
export const Vitals = z.object({
  at: Timestamp,
  load1: z.number().min(0),
  memoryUsedRatio: z.number().min(0).max(1),
  /** The fullest local file system. */
  diskUsedRatio: z.number().min(0).max(1),
  /** PSI `some avg10` in percent; null where the kernel has no PSI. */
  pressureCpu: z.number().min(0).nullable(),
  pressureMemory: z.number().min(0).nullable(),
  pressureIo: z.number().min(0).nullable(),
  uptimeSeconds: z.number().min(0),
  bootId: z.string().max(64),
});
export type Vitals = z.infer<typeof Vitals>;
