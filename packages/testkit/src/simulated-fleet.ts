import { cpus } from 'node:os';
import type { Behaviour } from './behaviour.ts';
import { SimulatedAgent } from './simulated-agent.ts';
import { enrolSimulated } from './simulated-identity.ts';

export interface SimulatedFleetOptions {
  readonly token: string;
  readonly count: number;
  readonly behaviourOf: (index: number) => Behaviour;
  readonly actions: Readonly<Record<string, string>>;
  /** Host names are `sim-00001` and on. */
  readonly firstIndex?: number;
  /** One of them begins to carry a task out, and later ends it or dies over it. */
  readonly performs?: (taskId: string, isUnderWay: boolean) => void;
}

export interface SimulatedFleet {
  readonly agents: readonly SimulatedAgent[];
  connectAll(): Promise<void>;
  close(): void;
}

/** How many enrolments and handshakes are under way at once: more than a few a core only lengthens each. */
const CONCURRENT = cpus().length * 8;

/** Enrols `count` simulated agents; connects none of them yet. For scale only: never in place of a real host. */
export async function simulatedFleet(options: SimulatedFleetOptions): Promise<SimulatedFleet> {
  const first = options.firstIndex ?? 1;
  const agents = await mapConcurrently(options.count, async (index) => {
    const hostName = `sim-${String(first + index).padStart(5, '0')}`;
    const identity = await enrolSimulated(options.token, hostName);
    return new SimulatedAgent({
      identity,
      hostName,
      behaviour: options.behaviourOf(index),
      actions: options.actions,
      ...(options.performs === undefined ? {} : { performs: options.performs }),
    });
  });
  return {
    agents,
    connectAll: async () => {
      await mapConcurrently(agents.length, async (index) => agents[index]?.connect());
    },
    close: () => {
      for (const agent of agents) agent.close();
    },
  };
}

async function mapConcurrently<T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      results[index] = await run(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT, count) }, worker));
  return results;
}
