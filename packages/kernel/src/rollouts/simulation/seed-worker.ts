/** One thread of `npm run sim`: its share of the seeds, and a word about each. */
import { parentPort, workerData } from 'node:worker_threads';
import { createSimulation } from './run-seed.ts';

interface Share {
  readonly wish: {
    readonly seeds: number;
    readonly first: number;
    readonly hosts: number | null;
    readonly workers: number;
  };
  readonly share: number;
}

const { wish, share } = workerData as Share; // Ours: `main.ts` starts this thread and nothing else does.
const simulation = await createSimulation(wish.hosts);
for (let n = share; n < wish.seeds; n += wish.workers)
  parentPort?.postMessage(await simulation.failureOf(wish.first + n));
