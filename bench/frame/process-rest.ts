import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, privateBytes } from './process-usage.ts';

/** What a process takes of its machine while nothing happens. */
export interface Rest {
  readonly privateBytes: number;
  /** Of one core. */
  readonly cpuShare: number;
}

export async function restOf(pid: number, forMs: number): Promise<Rest> {
  const [cpuBefore, began] = [cpuSeconds(pid), performance.now()];
  await delay(forMs);
  const seconds = (performance.now() - began) / 1000;
  return { privateBytes: privateBytes(pid), cpuShare: (cpuSeconds(pid) - cpuBefore) / seconds };
}
