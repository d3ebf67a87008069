import type { PromAnswer, Prometheus } from '../../gates/index.ts';
import type { Random } from './random.ts';

/** What Prometheus has to say: nothing wrong, something wrong, or nothing at all. */
export type Mood = 'well' | 'ill' | 'away';

/** The condition of every simulated gate that asks it. */
export const PROM_CONDITION = 'prom("errors") < 1.0';

/** A Prometheus that answers when the world says so, or never. */
export interface VirtualPrometheus extends Prometheus {
  mood: Mood;
  /** Answers all who wait. */
  answer(): void;
  /** One that asked never hears. */
  lose(): void;
  /** The server died, and whoever asked with it. */
  forget(): void;
  /** While somebody makes a plan, which asks once whether the query is good, it answers at once. */
  hurried<Result>(run: () => Promise<Result>): Promise<Result>;
}

const answers: Readonly<Record<Mood, PromAnswer>> = {
  well: { kind: 'samples', samples: [{ labels: {}, value: 0 }] },
  ill: { kind: 'samples', samples: [{ labels: {}, value: 7 }] },
  away: { kind: 'unreachable', problem: { en: 'connection refused', zh: '连接被拒绝' } },
};

export function createVirtualPrometheus(random: Random): VirtualPrometheus {
  let open: (() => void)[] = [];
  let hurries = 0;
  const prometheus: VirtualPrometheus = {
    mood: 'well',
    query: () =>
      hurries > 0
        ? Promise.resolve(answers[prometheus.mood])
        : new Promise((resolve) => open.push(() => resolve(answers[prometheus.mood]))),
    answer() {
      const all = open;
      open = [];
      for (const say of all) say();
    },
    lose: () => void open.splice(random.int(Math.max(1, open.length)), 1),
    forget() {
      open = [];
      hurries = 0;
    },
    async hurried(run) {
      hurries += 1;
      try {
        return await run();
      } finally {
        hurries = Math.max(0, hurries - 1);
      }
    },
  };
  return prometheus;
}
