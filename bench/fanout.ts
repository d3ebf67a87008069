/** One command on every host: from the click to the last durable result, while a hundred people watch it. */
import { resultRoutes, rolloutRoutes } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import { until } from '@pilothouse/testkit';
import { type Benchmark, HOSTS_OF_ALL } from './benchmark.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import { CONCURRENT, type Scene } from './frame/prepared-fleets.ts';
import { cpuSeconds } from './frame/process-usage.ts';
import { stallFigures } from './frame/stall-figures.ts';
import { epochMs, median, quantile } from './frame/statistics.ts';

const ROUNDS = 5;
const WATCHERS = 100;
const LOOKS = 50;

export interface FanOut {
  /** From the click to the acknowledgement of each host's durable result. */
  readonly hostMs: readonly number[];
  readonly lastMs: number;
  /** Until every watcher was told the end. */
  readonly watchedMs: number;
  readonly serverCpuSeconds: number;
}

/** As the command line does, or told how every single task ended. */
interface Watchers {
  readonly count: number;
  readonly isToldAll: boolean;
}

export const NOBODY: Watchers = { count: 0, isToldAll: false };

export const fanout: Benchmark = {
  hosts: 10_000,
  hostsOfAll: HOSTS_OF_ALL,
  async run({ hosts, fleets, profileDirectory, say }) {
    const scene = await fleets.open({ hosts });
    try {
      say(`connect ${hosts} hosts`);
      await scene.fleet.all('connect', { concurrent: CONCURRENT });
      say('a command on every host');
      await fanOut(scene, NOBODY);
      await scene.stage.probe.ask('stalls');
      const rounds = async (name: string, count: number, isToldAll = false): Promise<FanOut[]> => {
        const endProfile = await scene.stage.profile(profileDirectory, name);
        const seen: FanOut[] = [];
        for (let round = 0; round < ROUNDS; round++) seen.push(await fanOut(scene, { count, isToldAll }));
        await endProfile();
        return seen;
      };
      const alone = await rounds('fanout', 0);
      const stallsAlone = await stallFigures(scene.stage.probe);
      const watched = await rounds('fanout-watched', WATCHERS);
      const stallsWatched = await stallFigures(scene.stage.probe);
      const told = await rounds('fanout-told', WATCHERS, true);
      const { executionsMax } = await scene.fleet.state();
      const grouped = await groupedResults(scene);
      return {
        figures: [
          ...figuresOf('', alone),
          ...stallsAlone,
          ...figuresOf(`, ${WATCHERS} watchers`, watched),
          plain('last watcher told the end', median(watched.map((round) => round.watchedMs)) / 1000, 's'),
          ...stallsWatched.map((figure) => ({
            ...figure,
            what: `${figure.what}, ${WATCHERS} watchers`,
          })),
          ...figuresOf(`, ${WATCHERS} watchers told of every task`, told),
          ceiling('grouped results through the API, p99', quantile(grouped, 0.99), 'ms', 100),
          ceiling('executions of any task', executionsMax, '', 1),
        ],
      };
    } finally {
      await scene.close();
    }
  },
};

function figuresOf(suffix: string, rounds: readonly FanOut[]): Figure[] {
  const typical = (of: (round: FanOut) => number): number => median(rounds.map(of));
  return [
    ceiling(`click to last durable result${suffix}`, typical((round) => round.lastMs) / 1000, 's', 2),
    plain(
      `a host's durable result, p50${suffix}`,
      typical((round) => quantile(round.hostMs, 0.5)) / 1000,
      's',
    ),
    plain(
      `a host's durable result, p99${suffix}`,
      typical((round) => quantile(round.hostMs, 0.99)) / 1000,
      's',
    ),
    plain(
      `server's processor time${suffix}`,
      typical((round) => round.serverCpuSeconds),
      's',
    ),
  ];
}

/** One round. Watchers open their streams once the rollout has a name, as people do. */
export async function fanOut({ stage, fleet }: Scene, watchers: Watchers): Promise<FanOut> {
  const { client, server } = stage;
  await fleet.all('saved', null);
  const cpuBefore = cpuSeconds(server.pid);
  const began = epochMs();
  const { rollout } = await client.call(rolloutRoutes.run, {
    body: {
      title: 'uptime',
      target: { selector: 'true' },
      actions: [{ action: runCommandAction.name, parameters: { argv: ['uptime'] } }],
      strategy: { inFlightMax: fleet.size },
    },
  });
  const watching = Array.from({ length: watchers.count }, () =>
    watch(stage.client, rollout.id, watchers.isToldAll),
  );
  const ended = await until('the fan-out to end', 120_000, async () => {
    const now = await client.call(rolloutRoutes.get, { params: { rolloutId: rollout.id } });
    return now.endedAt === null ? null : now;
  });
  if (ended.counts.succeeded !== fleet.size) {
    throw new Error(`only ${ended.counts.succeeded} of ${fleet.size} succeeded`);
  }
  await Promise.all(watching);
  const watchedMs = epochMs() - began;
  const serverCpuSeconds = cpuSeconds(server.pid) - cpuBefore;
  const hostMs = await until('every acknowledgement', 10_000, acknowledged(fleet, began));
  return { hostMs, lastMs: Math.max(...hostMs), watchedMs, serverCpuSeconds };
}

function acknowledged(fleet: Scene['fleet'], began: number): () => Promise<number[] | null> {
  const seen: number[] = [];
  return async () => {
    for (const times of await fleet.all('saved', null)) for (const at of times) seen.push(at - began);
    return seen.length >= fleet.size ? seen : null;
  };
}

/** Milliseconds of each look at the results of the last run, put together by what is the same. */
async function groupedResults({ stage: { client } }: Scene): Promise<number[]> {
  const { items } = await client.call(rolloutRoutes.list, { query: { limit: 1 } });
  const rolloutId = items[0]?.id ?? '';
  const times: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const began = performance.now();
    await client.call(resultRoutes.groups, { params: { rolloutId }, query: { limit: 100 } });
    times.push(performance.now() - began);
  }
  return times;
}

/** Reads a stream to its end without understanding it: the measured side is the server. */
async function watch(client: Scene['stage']['client'], rolloutId: string, isToldAll: boolean): Promise<void> {
  const stream = await client.stream(rolloutRoutes.watch, {
    params: { rolloutId },
    query: { tasks: String(isToldAll) },
  });
  for await (const _piece of stream) {
    // Dropped.
  }
}
