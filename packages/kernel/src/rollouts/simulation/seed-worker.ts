/** One thread of `npm run sim`: its share of the seeds, and a word about each. */
import { parentPort, workerData } from 'node:worker_threads';
import { openSimulation, type WorldKind } from './simulations.ts';

interface Share {
  readonly wish: {
    readonly kind: WorldKind;
    readonly seeds: number;
    readonly first: number;
    readonly hosts: number | null;
    readonly workers: number;
  };
  readonly share: number;
}

const { wish, share } = workerData as Share; // Ours: `main.ts` starts this thread and nothing else does.
const simulation = await openSimulation(wish.kind, wish.hosts);
for (let n = share; n < wish.seeds; n += wish.workers)
  parentPort?.postMessage(await simulation.failureOf(wish.first + n));
