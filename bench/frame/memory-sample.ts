import { privateBytes } from './process-usage.ts';
import type { Stage } from './stage.ts';

/** What the server's processes hold together once their heaps have been collected. */
export interface MemorySample {
  readonly privateBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
}

export async function sampleMemory(stage: Stage, say: (text: string) => void): Promise<MemorySample> {
  const pids = stage.pids();
  const held = (): number => pids.reduce((sum, pid) => sum + privateBytes(pid), 0);
  const before = held();
  const heaps = await Promise.all(pids.map((pid) => collected(stage, pid)));
  const sum = (of: (usage: NodeJS.MemoryUsage) => number): number =>
    heaps.reduce((total, usage) => total + of(usage), 0);
  const sample = {
    privateBytes: held(),
    heapBytes: sum(({ heapUsed }) => heapUsed),
    externalBytes: sum(({ external }) => external),
  };
  const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  say(
    `the server holds ${mb(before)}, ${mb(sample.privateBytes)} once its heap is collected: ` +
      `${mb(sum(({ heapTotal }) => heapTotal))} heap with ${mb(sample.heapBytes)} in use`,
  );
  return sample;
}

async function collected(stage: Stage, pid: number): Promise<NodeJS.MemoryUsage> {
  const probe = await stage.probeOf(pid);
  try {
    return await probe.ask('memory');
  } finally {
    probe.close();
  }
}
